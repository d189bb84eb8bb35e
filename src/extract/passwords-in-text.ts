import type { Part } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'

/**
 * Words of a message that may be the password of a file beside it: what stands behind a word for "password" in many
 * languages, then whatever is quoted or mixes letters with digits or signs. Best first, each once, bounded by
 * `limits.extractPasswordWordsMax`. Pure; linear in the text. The words are tried and kept nowhere.
 */
const WORD_MAX_CHARS = 64
const WORD_MIN_CHARS = 3

const NAMES =
  'pass ?words?|pass ?codes?|pass ?phrases?|passwd|pwd|pass|pin|pw|codes?|keys?|passwor[dt]e?r?|kennw(?:o|ö)rt(?:er)?|kenn?wort|schl(?:ü|ue)ssel|' +
  'mot de passe|mdp|code|contrase(?:ñ|n)a|clave|senha|palavra-passe|password[io]?|parola|wachtwoord|l(?:ö|o)senord|adgangskode|passord|salasana|' +
  'has(?:ł|l)o|heslo|jelsz(?:ó|o)|parol(?:ă|a|ą)?|(?:ş|s)ifre|пароль|κωδικός|סיסמ[הא]|كلمة (?:ال)?(?:مرور|سر)|密码|密碼|口令|パスワード|비밀번호|암호'

/** A few words, or signs, between the name and the word itself: "for the archive is", ":", "=". */
const NAMED = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:${NAMES})(?![\\p{L}\\p{N}])((?:[ \\t]+[\\p{L}'’.]{1,20}){0,6}?[ \\t]*(?:[:=：]|->|→|[ \\t](?:is|lautet|ist|est|es|é|è|är|er|on|to|jest|は|는|은)(?![\\p{L}]):?)[ \\t]*(?:\\r?\\n[ \\t]*){0,2})(\\S{1,${WORD_MAX_CHARS + 4}}(?:[ \\t]\\S+){0,5})`,
  'giu',
)
/** CJK names run on without a space. */
const NAMED_CJK = /(?:密码|密碼|口令|パスワード|비밀번호|암호)[是为為は는은：:=\s]{1,4}(\S{3,64})/gu
const QUOTED = /["“„«「'‘`]([^"”“»」'’`\s]{3,64})["”“»」'’`]/gu
const MIXED = /(?<!\S)(?=\S*\d)(?=\S*[^\d\s.,:;/+()-])\S{6,64}(?!\S)/gu

export function passwordsInText(text: string): string[] {
  const head = text.slice(0, limits.extractPasswordTextMaxBytes)
  const found = new Set<string>()
  const add = (word: string | undefined) => {
    if (word && word.length >= WORD_MIN_CHARS && word.length <= WORD_MAX_CHARS) found.add(word)
  }
  for (const [, , rest = ''] of head.matchAll(NAMED)) {
    const quoted = /^["“„«「'‘`]([^"”“»」'’`]{1,64})["”“»」'’`]/u.exec(rest)?.[1]
    add(quoted)
    const [first = ''] = rest.split(/[ \t]/)
    add(withoutPunctuation(first))
    add(first)
  }
  for (const [, word] of head.matchAll(NAMED_CJK)) {
    add(withoutPunctuation(word ?? ''))
    add(word)
  }
  for (const [, word] of head.matchAll(QUOTED)) add(word)
  for (const [word] of head.matchAll(MIXED)) add(withoutPunctuation(word))
  return [...found].slice(0, limits.extractPasswordWordsMax)
}

/** Without what a sentence puts around a word. */
function withoutPunctuation(word: string): string {
  return word.replace(/^[("“„«「'‘`[<*_]+/u, '').replace(/[)"”“»」'’`\]>*_.,;:!?。、]+$/u, '')
}

/** Passwords to try once this text was read: its words, then those known before. */
export function withWordsOf(utf8: Uint8Array, passwords: readonly string[]): readonly string[] {
  const head = utf8.subarray(0, limits.extractPasswordTextMaxBytes)
  const words = passwordsInText(Buffer.from(head.buffer, head.byteOffset, head.length).toString('utf8'))
  return [...words.filter((word) => !passwords.includes(word)), ...passwords]
}

/** Alternatives inside of related parts inside of a mixed message. */
const BODY_DEPTH_MAX = 4

/** Text that is shown as the message itself: no file, and not inside of one. */
export function isBody({ filename, sniffedType, depth }: Part): boolean {
  return filename === null && sniffedType.startsWith('text/') && depth > 0 && depth <= BODY_DEPTH_MAX
}
