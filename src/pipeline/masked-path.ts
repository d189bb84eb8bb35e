/** What a part calls itself, which its maker chose and may have filled with what must not be repeated. */
const OURS = /^(?:mail|upload|\[[a-z0-9 ]{1,20}\])$/
const EXTENSION = /\.([a-z][a-z0-9]{0,7})$/i

/**
 * A display path that may stand where only the sealed report holds file names: their extensions and our own words stay,
 * `mail/report 4111.zip/q3.xlsx` becomes `mail/*.zip/*.xlsx`.
 */
export function maskedPath(path: string): string {
  return path
    .split('/')
    .map((name) =>
      OURS.test(name) && !/\d{4}/.test(name) ? name : `*${EXTENSION.exec(name)?.[0].toLowerCase() ?? ''}`,
    )
    .join('/')
}
