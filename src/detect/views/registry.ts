/** Every view, in the order in which they are tried. Adding one: a file beside this and a line here. */
import { base32View } from './base32-view.ts'
import { base64View } from './base64-view.ts'
import { base85View } from './base85-view.ts'
import { bidiOverrideView } from './bidi-override-view.ts'
import { concatenationView } from './concatenation-view.ts'
import { escapesView } from './escapes-view.ts'
import { hexDumpView } from './hex-dump-view.ts'
import { hexView } from './hex-view.ts'
import { htmlView } from './html-view.ts'
import { invisibleView } from './invisible-view.ts'
import { quotedPrintableView } from './quoted-printable-view.ts'
import { reversedTextView } from './reversed-text-view.ts'
import { reversedView } from './reversed-view.ts'
import { rot13View } from './rot13-view.ts'
import { separatorsView } from './separators-view.ts'
import { unicodeView } from './unicode-view.ts'
import { urlView } from './url-view.ts'
import type { View } from './view.ts'
import { wordsView } from './words-view.ts'

export const views = [
  invisibleView,
  bidiOverrideView,
  unicodeView,
  htmlView,
  urlView,
  escapesView,
  concatenationView,
  quotedPrintableView,
  base64View,
  base32View,
  base85View,
  hexDumpView,
  hexView,
  wordsView,
  separatorsView,
  rot13View,
  reversedView,
  reversedTextView,
] as const satisfies readonly View[]
