/** What an RTF group changes and its end restores. */
export type RtfDestination =
  | 'text'
  | 'skip'
  | 'aside'
  | 'object'
  | 'picture'
  | 'html'
  | 'fonts'
  | 'className'
  | 'name'
  | 'value'

export interface RtfState {
  destination: RtfDestination
  /** Text of an aside that began in this group. */
  readonly own: { text: string } | null
  aside: { text: string } | null
  unicodeSkip: number
  page: number
  hidden: boolean
  deleted: boolean
  htmlRtf: boolean
  ignorable: boolean
}

export const INITIAL_STATE: Readonly<RtfState> = Object.freeze({
  destination: 'text',
  own: null,
  aside: null,
  unicodeSkip: 1,
  page: 1252,
  hidden: false,
  deleted: false,
  htmlRtf: false,
  ignorable: false,
})
