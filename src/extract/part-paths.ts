import { limits } from '../core/limits.ts'
import type { ChildPart } from './format.ts'

/** Display paths of the parts of one message: no two parts share one. */
export class PartPaths {
  readonly #taken = new Map<string, number>()

  /** The path itself, or with a number behind it where it is taken: the second `a.txt` becomes `a.txt~2`. */
  take(path: string): string {
    let count = this.#taken.get(path) ?? 0
    let free = path
    while (this.#taken.has(free)) free = `${path}~${++count + 1}`
    this.#taken.set(path, count)
    if (free !== path) this.#taken.set(free, 0)
    return free
  }

  /** Takes a path that is known to be free. */
  mark(path: string): void {
    if (!this.#taken.has(path)) this.#taken.set(path, 0)
  }

  /** Paths taken below one that was just taken: a name with a slash in it stands where a nested part would. */
  below(path: string): string[] {
    return [...this.#taken.keys()].filter((taken) => taken.startsWith(`${path}/`))
  }
}

export function rootPath(child: Omit<ChildPart, 'bytes'>, as: 'mail' | 'upload' | null): string {
  return as === 'mail' ? 'mail' : child.filename ? displayName(child.filename) : 'upload'
}

/** Numbers the children of `parent` as it goes. */
export function childPath(
  parent: { readonly part: { readonly path: string }; children: number },
  child: Omit<ChildPart, 'bytes'>,
): string {
  parent.children += 1
  const name = (child.filename ? displayName(child.filename) : '') || child.label || `[${parent.children}]`
  return `${parent.part.path}/${name}`
}

/** Paths are shown to people and stand in logs: no control characters, no endless names. */
export function displayName(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
  return clean.length > limits.extractNameMaxChars ? `${clean.slice(0, limits.extractNameMaxChars)}…` : clean
}
