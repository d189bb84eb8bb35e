/** A file found inside a text, decoded. */
export interface EmbeddedFile {
  readonly bytes: Buffer
  readonly filename: string | null
  readonly via: 'uuencode' | 'yenc' | 'binhex' | 'base64' | 'hex' | 'data-uri'
  readonly declaredType?: string | null
  readonly parameters?: Readonly<Record<string, string>>
  /** Only one piece of a file that was split over several messages. */
  readonly partial?: boolean
}
