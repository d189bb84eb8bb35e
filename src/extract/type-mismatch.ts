/**
 * Whether a part is something else than its name or its sender says. Types are compared by family, since a spreadsheet
 * called a document is nobody's disguise, and a claim that says nothing (octet-stream, no extension) is no claim.
 */
type Family = 'text' | 'office' | 'pdf' | 'image' | 'media' | 'font' | 'archive' | 'program' | 'message' | 'crypto'

const byExtension: Readonly<Record<string, Family>> = Object.fromEntries(
  Object.entries({
    text: 'txt log csv tsv json xml html htm md yaml yml ini conf cfg sql js ts css py java c h cpp cs go rs rb php sh ps1 bat cmd tex svg ics vcf',
    office:
      'doc docx docm dot dotx xls xlsx xlsm xlsb xlt xltx ppt pptx pptm pps ppsx odt ods odp odg rtf vsd vsdx pub one pages numbers key wpd wps epub',
    pdf: 'pdf',
    image: 'jpg jpeg png gif bmp tif tiff webp heic heif avif ico cur emf wmf psd jp2 j2k tga pcx pnm pgm ppm xbm',
    media: 'mp3 mp4 m4a m4v mov avi mkv webm wav ogg flac wmv wma aac mpg mpeg',
    font: 'ttf otf woff woff2',
    archive: 'zip 7z rar tar gz tgz bz2 xz zst lz4 cab iso jar war apk arj lzh z',
    program: 'exe dll so sys msi com scr elf class',
    message: 'eml msg mbox mht mhtml',
    crypto: 'p7m p7s gpg pgp asc p12 pfx cer crt der pem',
  }).flatMap(([family, names]) => names.split(' ').map((name) => [name, family as Family])),
)

const exact: Readonly<Record<string, Family>> = {
  'application/pdf': 'pdf',
  'application/x-pkcs12': 'crypto',
  'application/pkix-cert': 'crypto',
  'application/rtf': 'office',
  'text/rtf': 'office',
  'application/msword': 'office',
  'application/encrypted': 'office',
  'application/epub+zip': 'office',
  'application/onenote': 'office',
  'application/json': 'text',
  'application/xml': 'text',
  'application/xhtml+xml': 'text',
  'application/javascript': 'text',
  'application/x-javascript': 'text',
  'application/yaml': 'text',
  'application/zip': 'archive',
  'application/x-zip-compressed': 'archive',
  'application/gzip': 'archive',
  'application/x-gzip': 'archive',
  'application/vnd.rar': 'archive',
  'application/java-archive': 'archive',
  'application/x-java-archive': 'archive',
  'application/mbox': 'message',
  'application/vnd.ms-outlook': 'message',
  'application/vnd.ms-tnef': 'message',
  'application/ms-tnef': 'message',
  'application/vnd.microsoft.portable-executable': 'program',
  'application/x-msdownload': 'program',
  'application/x-elf': 'program',
  'application/java-vm': 'program',
  'image/svg+xml': 'text',
}

const patterns: readonly (readonly [RegExp, Family])[] = [
  // Documents in one XML file are called .xml as well.
  [/-flat-xml$/, 'text'],
  [/^text\//, 'text'],
  [/^message\//, 'message'],
  [/^image\//, 'image'],
  [/^(?:audio|video)\//, 'media'],
  [/^font\//, 'font'],
  [
    /opendocument|openxmlformats|vnd\.ms-(?:excel|word|powerpoint|works|xps)|mspublisher|visio|iwork|vnd\.apple\.(?:pages|numbers|keynote)|wordperfect/,
    'office',
  ],
  [/^application\/(?:x-)?(?:pkcs7|pgp)/, 'crypto'],
  [
    /x-(?:tar|bzip2?|xz|7z|rar|lz4|lzip|lzma|compress|cpio|archive|iso9660|zip|arj|lzh|ace|rpm)|vnd\.ms-cab|\bzstd/,
    'archive',
  ],
  [/[+-](?:xml|json)$/, 'text'],
]

function familyOf(type: string): Family | null {
  return exact[type] ?? patterns.find(([pattern]) => pattern.test(type))?.[1] ?? null
}

/** Families whose members hold one another's: a document that is an archive, a message that is text. */
const kin: readonly (readonly [Family, Family])[] = [
  ['office', 'archive'],
  ['message', 'text'],
  ['crypto', 'text'],
  ['crypto', 'message'],
]

export function isTypeMismatch(sniffedType: string, declaredType: string | null, filename: string | null): boolean {
  const found = familyOf(sniffedType)
  if (found === null || sniffedType === 'application/x-empty') return false
  const extension = /\.([a-z0-9]{1,8})$/i.exec(filename ?? '')?.[1]?.toLowerCase() ?? ''
  const claims = [declaredType === null ? null : familyOf(declaredType), byExtension[extension] ?? null]
  // A document is an archive, but an archive is no document: its program would not open it.
  return claims.some(
    (claim) =>
      claim !== null && claim !== found && (!isKin(claim, found) || (claim === 'office' && found === 'archive')),
  )
}

function isKin(a: Family, b: Family): boolean {
  return kin.some(([x, y]) => (a === x && b === y) || (a === y && b === x))
}
