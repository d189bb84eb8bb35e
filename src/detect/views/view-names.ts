/** Names of the views, as they stand in `via` and in a rule's `views`. `text` is the text itself. */
export const VIEW_NAMES = [
  'text',
  'unicode',
  'invisible',
  'separators',
  'html',
  'url',
  'quoted-printable',
  'escapes',
  'concatenation',
  'base64',
  'base32',
  'base85',
  'hex',
  'gzip',
  'words',
  'rot13',
  'reversed',
] as const
export type ViewName = (typeof VIEW_NAMES)[number]
