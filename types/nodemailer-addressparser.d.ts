declare module 'nodemailer/lib/addressparser' {
  /** RFC 5322 address lists; `flatten` takes groups apart. */
  export default function addressparser(
    text: string,
    options: { flatten: true },
  ): { readonly name: string; readonly address: string }[]
}
