import type { ExtractContext, Format, FormatInput } from '../format.ts'

/** Files whose whole content is encrypted in ways that nothing here opens. */
const kinds: Readonly<Record<string, string>> = {
  'application/x-openssl-encrypted': 'OpenSSL',
  'application/age-encryption': 'age',
  'application/x-keepass': 'KeePass',
  'application/x-luks': 'LUKS',
  'application/x-pkcs12': 'PKCS #12',
}

export const sealed: Format = {
  id: 'sealed',
  types: Object.keys(kinds),
  extract(input: FormatInput, context: ExtractContext): void {
    context.uninspected('encrypted', kinds[input.sniffedType] ?? 'sealed')
  },
}
