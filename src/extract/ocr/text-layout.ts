import { contrastPlane, integralOf, type Raster, shrink, windowMean } from './raster.ts'

/**
 * The cheap look at a picture before recognition: does it hold anything that is shaped and ordered like letters, how
 * large, and which way up? Spots of ink are told from their surroundings, joined to components, and components of like
 * height that stand side by side make a line. Photographs and drawings have few such lines, blank pages none.
 */
export interface TextLayout {
  /** Components that stand in lines. */
  readonly letters: number
  /** Share of letter-sized components that stand in lines: about 0.9 for print, low for foliage and noise. */
  readonly order: number
  /** Median height in pixels of the raster looked at. */
  readonly height: number
  /** Lines run from top to bottom or from bottom to top. */
  readonly isVertical: boolean
  /** Radians by which lines go down to the right, once turned clockwise by a quarter if vertical. */
  readonly slope: number
}

const PIXELS_MAX = 2_000_000
/** Half of the window whose mean is the ground. */
const GROUND_RADIUS = 20
const INK_DIFFERENCE_MIN = 10
/** For pictures of flat colours, where there is no noise to mistake for ink. */
const FAINT_DIFFERENCE_MIN = 3
const FLAT_SHARE_MIN = 0.6
const LETTER_HEIGHT_MIN = 5
const LETTER_HEIGHT_MAX = 160
/** Joined letters, up to a short word. */
const LETTER_ASPECT_MAX = 12
const LETTER_FILL_MIN = 0.08
const LETTERS_MAX = 20_000
/** Letters in a row that make a line. */
const LINE_LETTERS_MIN = 4
/** Largest space between neighbours, in heights: a space between words is about a third. */
const GAP_MAX = 0.9
const HEIGHT_RATIO_MAX = 2.2
/** Lines steeper than this by chance are not straightened. */
const SLOPE_MAX = 0.5

interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export function textLayout(raster: Raster): TextLayout {
  const step = Math.max(1, Math.ceil(Math.sqrt((raster.width * raster.height) / PIXELS_MAX)))
  const plane = contrastPlane(shrink(raster, step))
  const usual = layoutAt(plane, INK_DIFFERENCE_MIN)
  const best = usual.letters === 0 && isFlat(plane) ? layoutAt(plane, FAINT_DIFFERENCE_MIN) : usual
  return { ...best, height: best.height * step }
}

function layoutAt(plane: Raster, difference: number): TextLayout {
  const ink = inkOf(plane, difference)
  const dark = linesOf(letterBoxes(ink, plane.width, plane.height, 1), plane.height)
  const light = linesOf(letterBoxes(ink, plane.width, plane.height, 2), plane.height)
  return dark.letters >= light.letters ? dark : light
}

function isFlat({ width, height, data }: Raster): boolean {
  let same = 0
  for (let at = 1; at < data.length; at++) if (data[at] === data[at - 1]) same++
  return same >= width * height * FLAT_SHARE_MIN
}

/** 1 where a pixel is darker than its surroundings, 2 where it is lighter. */
function inkOf(plane: Raster, difference: number): Uint8Array {
  const { width, height, data } = plane
  const sums = integralOf(plane)
  const ink = new Uint8Array(data.length)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const value = (data[at] ?? 0) - windowMean(sums, width, height, x, y, GROUND_RADIUS)
      ink[at] = value < -difference ? 1 : value > difference ? 2 : 0
    }
  }
  return ink
}

/** Boxes of the connected components (eight neighbours) of one ink that have the size of letters. */
function letterBoxes(ink: Uint8Array, width: number, height: number, kind: 1 | 2): Box[] {
  const components = new Components()
  let above: number[] = []
  for (let y = 0; y < height; y++) {
    // Runs of this row as triples: first, last, component.
    const runs: number[] = []
    let k = 0
    for (let x = 0, row = y * width; x < width; x++) {
      if (ink[row + x] !== kind) continue
      const first = x
      while (x + 1 < width && ink[row + x + 1] === kind) x++
      while (k < above.length && (above[k + 1] ?? 0) < first - 1) k += 3
      let own = -1
      for (let j = k; j < above.length && (above[j] ?? 0) <= x + 1; j += 3) {
        const other = components.rootOf(above[j + 2] ?? 0)
        own = own < 0 ? other : components.join(own, other)
      }
      if (own < 0) own = components.add()
      components.extend(own, first, x, y)
      runs.push(first, x, own)
    }
    above = runs
  }
  return components.letters()
}

/** Union-find over runs of ink, with the box and the area of each component at its root. */
class Components {
  readonly #parent: number[] = []
  readonly #left: number[] = []
  readonly #top: number[] = []
  readonly #right: number[] = []
  readonly #bottom: number[] = []
  readonly #area: number[] = []

  add(): number {
    this.#left.push(Number.MAX_SAFE_INTEGER)
    this.#top.push(Number.MAX_SAFE_INTEGER)
    this.#right.push(0)
    this.#bottom.push(0)
    this.#area.push(0)
    return this.#parent.push(this.#parent.length) - 1
  }

  rootOf(id: number): number {
    let root = id
    while (this.#parent[root] !== root) {
      const up = this.#parent[this.#parent[root] ?? root] ?? root
      this.#parent[root] = up
      root = up
    }
    return root
  }

  join(a: number, b: number): number {
    const into = this.rootOf(a)
    if (into === b) return into
    this.#parent[b] = into
    this.#left[into] = Math.min(this.#left[into] ?? 0, this.#left[b] ?? 0)
    this.#top[into] = Math.min(this.#top[into] ?? 0, this.#top[b] ?? 0)
    this.#right[into] = Math.max(this.#right[into] ?? 0, this.#right[b] ?? 0)
    this.#bottom[into] = Math.max(this.#bottom[into] ?? 0, this.#bottom[b] ?? 0)
    this.#area[into] = (this.#area[into] ?? 0) + (this.#area[b] ?? 0)
    return into
  }

  extend(root: number, first: number, last: number, y: number): void {
    this.#left[root] = Math.min(this.#left[root] ?? 0, first)
    this.#right[root] = Math.max(this.#right[root] ?? 0, last + 1)
    this.#top[root] = Math.min(this.#top[root] ?? 0, y)
    this.#bottom[root] = Math.max(this.#bottom[root] ?? 0, y + 1)
    this.#area[root] = (this.#area[root] ?? 0) + last - first + 1
  }

  letters(): Box[] {
    const boxes: Box[] = []
    for (let id = 0; id < this.#parent.length && boxes.length < LETTERS_MAX; id++) {
      if (this.#parent[id] !== id) continue
      const box = {
        left: this.#left[id] ?? 0,
        top: this.#top[id] ?? 0,
        right: this.#right[id] ?? 0,
        bottom: this.#bottom[id] ?? 0,
      }
      if (isLetter(box, this.#area[id] ?? 0)) boxes.push(box)
    }
    return boxes
  }
}

function isLetter({ left, top, right, bottom }: Box, area: number): boolean {
  const long = Math.max(right - left, bottom - top)
  const short = Math.min(right - left, bottom - top)
  if (long < LETTER_HEIGHT_MIN || short > LETTER_HEIGHT_MAX || long > short * LETTER_ASPECT_MAX) return false
  return area >= LETTER_FILL_MIN * long * short
}

function linesOf(boxes: readonly Box[], planeHeight: number): TextLayout {
  const none: TextLayout = { letters: 0, order: 0, height: 0, isVertical: false, slope: 0 }
  if (boxes.length < LINE_LETTERS_MIN) return none
  const turned = boxes.map(({ left, top, right, bottom }) => ({
    left: planeHeight - bottom,
    top: left,
    right: planeHeight - top,
    bottom: right,
  }))
  const across = linked(boxes)
  const down = linked(turned)
  // Letters stand nearer to their neighbours in the line than to the next line.
  let votes = 0
  for (let i = 0; i < boxes.length; i++) votes += Math.sign((across.gap[i] ?? 0) - (down.gap[i] ?? 0))
  const isVertical = votes > 0
  const lines = isVertical ? down.lines : across.lines
  const chosen = isVertical ? turned : boxes
  const inLines = lines.flat()
  if (inLines.length === 0) return none
  const heights = inLines.map((i) => heightOf(chosen[i])).sort((a, b) => a - b)
  return {
    letters: inLines.length,
    order: inLines.length / boxes.length,
    height: heights[heights.length >> 1] ?? 0,
    isVertical,
    slope: slopeOf(lines, chosen),
  }
}

function heightOf(box: Box | undefined): number {
  return box ? box.bottom - box.top : 0
}

interface Linked {
  /** Distance to the next letter in units of height; Infinity without one. */
  readonly gap: readonly number[]
  /** Indices of the letters of each line, from left to right. */
  readonly lines: readonly (readonly number[])[]
}

const CELL = 64
const CELLS_ACROSS = 1 << 16

/** Joins each box to its nearest neighbour on the right that has about its height and stands at its level. */
function linked(boxes: readonly Box[]): Linked {
  const cells = new Map<number, number[]>()
  const keyOf = (x: number, y: number) => Math.floor(y / CELL) * CELLS_ACROSS + Math.floor(x / CELL)
  boxes.forEach((box, i) => {
    const key = keyOf(box.left, (box.top + box.bottom) / 2)
    const cell = cells.get(key)
    if (cell) cell.push(i)
    else cells.set(key, [i])
  })
  const gap: number[] = []
  const next: number[] = []
  boxes.forEach((box, i) => {
    let best = -1
    let least = Number.POSITIVE_INFINITY
    const reach = heightOf(box) * HEIGHT_RATIO_MAX * GAP_MAX
    for (let y = box.top - CELL; y <= box.bottom + CELL; y += CELL) {
      for (let x = box.left; x <= box.right + reach + CELL; x += CELL) {
        for (const j of cells.get(keyOf(x, y)) ?? []) {
          const distance = j === i ? Number.POSITIVE_INFINITY : gapBetween(box, boxes[j])
          if (distance < least) {
            least = distance
            best = j
          }
        }
      }
    }
    gap.push(Math.min(least, 1e6))
    next.push(best)
  })
  return { gap, lines: chains(next) }
}

function gapBetween(a: Box, b: Box | undefined): number {
  if (!b) return Number.POSITIVE_INFINITY
  const ha = heightOf(a)
  const hb = heightOf(b)
  const tall = Math.max(ha, hb)
  if (b.left <= a.left || tall > Math.min(ha, hb) * HEIGHT_RATIO_MAX) return Number.POSITIVE_INFINITY
  const overlap = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  const space = (b.left - a.right) / tall
  if (overlap < 0.5 * Math.min(ha, hb) || space > GAP_MAX || space < -0.3) return Number.POSITIVE_INFINITY
  return Math.max(0, space)
}

function chains(next: readonly number[]): number[][] {
  const used = new Set<number>()
  const followed = new Set(next.filter((i) => i >= 0))
  const lines: number[][] = []
  for (let start = 0; start < next.length; start++) {
    if (followed.has(start)) continue
    const line: number[] = []
    for (let i = start; i >= 0 && !used.has(i); i = next[i] ?? -1) {
      used.add(i)
      line.push(i)
    }
    if (line.length >= LINE_LETTERS_MIN) lines.push(line)
  }
  return lines
}

/** Median slope of the lines, by the middles of their first and last letters. */
function slopeOf(lines: readonly (readonly number[])[], boxes: readonly Box[]): number {
  const slopes: number[] = []
  for (const line of lines) {
    const first = boxes[line[0] ?? 0]
    const last = boxes[line.at(-1) ?? 0]
    if (!first || !last || line.length < LINE_LETTERS_MIN + 2) continue
    slopes.push(
      Math.atan2(last.top + last.bottom - first.top - first.bottom, last.left + last.right - first.left - first.right),
    )
  }
  slopes.sort((a, b) => a - b)
  const median = slopes[slopes.length >> 1] ?? 0
  return Math.abs(median) > SLOPE_MAX ? 0 : median
}
