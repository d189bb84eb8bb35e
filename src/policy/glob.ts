/**
 * Globs of the policy language: `*` any run of characters, `?` one character, `{a,b}` alternatives, `[abc]` a set.
 * Case never matters. `re:` in front makes the rest an RE2 pattern that must be found anywhere in the text. Both run on
 * RE2, so no pattern a person writes can take more than linear time.
 */
import RE2 from 're2'

export interface Glob {
  readonly source: string
  matches(text: string): boolean
}

/** Compiles one glob or `re:` pattern. Returns a sentence saying what is wrong with it instead of throwing. */
export function compileGlob(source: string): Glob | { readonly problem: string } {
  const regex = source.startsWith('re:') ? source.slice(3) : globToRegex(source)
  if (regex === null) return { problem: `\`${source}\` has a \`{\` or \`[\` without its end` }
  try {
    const compiled = new RE2(regex, 'isu')
    return { source, matches: (text) => compiled.test(text) }
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.replace(/^Invalid regular expression: /, '') : 'not accepted'
    return { problem: `\`${source}\` is not a valid RE2 pattern (${why})` }
  }
}

export function anyGlob(globs: readonly Glob[], text: string): boolean {
  return globs.some((glob) => glob.matches(text))
}

function globToRegex(glob: string): string | null {
  let out = '^'
  let depth = 0
  for (let i = 0; i < glob.length; i++) {
    const c = glob.charAt(i)
    if (c === '*') out += '.*'
    else if (c === '?') out += '.'
    else if (c === '{') {
      depth++
      out += '(?:'
    } else if (c === '}' && depth > 0) {
      depth--
      out += ')'
    } else if (c === ',' && depth > 0) out += '|'
    else if (c === '[') {
      const end = glob.indexOf(']', i + 2)
      if (end < 0) return null
      const set = glob.slice(i + 1, end)
      out += `[${set.replace(/^!/, '^').replace(/[\\[\]&~]/g, '\\$&')}]`
      i = end
    } else out += c.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  }
  return depth > 0 ? null : `${out}$`
}
