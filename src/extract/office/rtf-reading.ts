/** What reading a Rich Text Format document gives. */
export interface RtfReading {
  readonly text: string
  readonly asides: readonly string[]
  readonly objects: readonly RtfObject[]
  readonly pictures: readonly { readonly bytes: Buffer; readonly extension: string }[]
  readonly properties: readonly (readonly [string, string])[]
  /** De-encapsulated HTML ([MS-OXRTFEX]); empty where there is none. */
  readonly html: string
  readonly hasHidden: boolean
  readonly tooDeep: boolean
}

/** An embedded object as its data group held it (Rich Text Format 1.9.1, `\objdata`). */
export interface RtfObject {
  readonly className: string
  readonly bytes: Buffer
}
