/** What hides an element: inline style, or a simple rule of the document's own style sheets. */
const HIDDEN =
  /display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])|mso-hide\s*:\s*all|max-height\s*:\s*0(?![.\d]*[1-9])|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{3,}|clip\s*:\s*rect\(\s*0/i
const SHEET_MAX_CHARS = 256 * 1024
const SELECTORS_MAX = 1000
const SELECTOR_MAX_CHARS = 200

export function isHiddenStyle(style: string): boolean {
  return HIDDEN.test(style)
}

/** Pages repeat a few inline styles thousands of times. */
const STYLES_MAX = 256

/** The same for inline styles of one page, each looked at once. */
export class InlineStyles {
  readonly #known = new Map<string, boolean>()

  isHidden(style: string): boolean {
    const known = this.#known.get(style)
    if (known !== undefined) return known
    const hidden = isHiddenStyle(style)
    if (this.#known.size < STYLES_MAX) this.#known.set(style, hidden)
    return hidden
  }
}

export class HiddenRules {
  readonly #selectors = new Set<string>()

  /** Takes the rules of a style sheet whose selectors are a single class, id or element. */
  addSheet(sheet: string): void {
    if (!isHiddenStyle(sheet)) return
    const css = sheet.slice(0, SHEET_MAX_CHARS).replace(/\/\*[\s\S]*?\*\//g, '')
    for (const rule of css.split('}')) {
      const brace = rule.lastIndexOf('{')
      if (brace < 0 || !isHiddenStyle(rule.slice(brace))) continue
      for (const selector of rule.slice(0, brace).split(',')) this.#addSelector(selector.trim())
      if (this.#selectors.size >= SELECTORS_MAX) return
    }
  }

  /** The last simple selector decides which elements are hidden; what stands before it only narrows that. */
  #addSelector(selector: string): void {
    if (selector.length > SELECTOR_MAX_CHARS) return
    const simple = /([.#]?[A-Za-z][\w-]*)$/.exec(selector)?.[1]
    if (simple) this.#selectors.add(simple)
  }

  hides(kind: '.' | '#' | '', name: string): boolean {
    return this.#selectors.size > 0 && this.#selectors.has(`${kind}${name}`)
  }
}
