/**
 * Labels that parts carry and markings that stand on their first and last lines or in a subject, with the organisation's
 * own level where the label map knows one. Removed labels don't count.
 */
import type { Extraction, LabelMark } from '../../core/extraction.ts'
import type { LabelFinding } from '../../core/finding.ts'
import { limits } from '../../core/limits.ts'
import type { Detector } from '../detector.ts'
import { type LabelMap, levelOf } from './label-map.ts'
import { type Marking, markingOfLine, markingOfSubject } from './markings.ts'

/** Lines with anything in them that are looked at: headers stand first, footers and what follows a text last. */
const FIRST_LINES = 6
const LAST_LINES = 12
/** Bytes at each end that are decoded for them. */
const EDGE_BYTES = 4 * 1024
const SUBJECT = /^subject: ?/i

export function labelDetector(map: LabelMap | null): Detector {
  return {
    kind: 'label',
    inspectLabels: (extraction) => {
      const { found, cutAt } = markings(extraction)
      const marks = [...extraction.labels.filter((mark) => mark.removed !== true), ...found]
      return { labels: marks.map((mark) => finding(mark, map)), cutAt }
    },
  }
}

function finding(mark: LabelMark, map: LabelMap | null): LabelFinding {
  const level = map ? levelOf(mark, map) : null
  return {
    scheme: mark.scheme,
    id: mark.id,
    name: mark.name,
    part: mark.part,
    ...(mark.header === undefined ? {} : { header: mark.header }),
    ...(mark.siteId === undefined ? {} : { siteId: mark.siteId }),
    level,
    rank: level !== null && map ? map.levels.indexOf(level) : null,
  }
}

function markings({ parts, texts, labels }: Extraction): { found: LabelMark[]; cutAt: string | null } {
  const known = new Set(labels.map((mark) => `${mark.part}\n${mark.scheme}\n${mark.name}`))
  const found: LabelMark[] = []
  for (const { part, utf8 } of texts) {
    const path = parts[part]?.path
    if (path === undefined) continue
    for (const marking of markingsOf(utf8)) {
      const key = `${path}\n${marking.scheme}\n${marking.name}`
      if (known.has(key)) continue
      if (found.length >= limits.extractLabelsMax) return { found, cutAt: path }
      known.add(key)
      found.push({ ...marking, part: path })
    }
  }
  return { found, cutAt: null }
}

function markingsOf(utf8: Uint8Array): Marking[] {
  const found: Marking[] = []
  for (const line of edgeLines(utf8)) {
    const subject = SUBJECT.exec(line)
    const marking = subject ? markingOfSubject(line.slice(subject[0].length)) : markingOfLine(line)
    if (marking) found.push(marking)
  }
  return found
}

function edgeLines(utf8: Uint8Array): string[] {
  const decode = (from: number, to: number) =>
    Buffer.from(utf8.buffer, utf8.byteOffset + from, to - from)
      .toString('utf8')
      .split(/[\n\r\f\t]+/)
      .filter((line) => line.trim() !== '')
  if (utf8.length <= 2 * EDGE_BYTES) {
    const lines = decode(0, utf8.length)
    return lines.length <= FIRST_LINES + LAST_LINES
      ? lines
      : [...lines.slice(0, FIRST_LINES), ...lines.slice(-LAST_LINES)]
  }
  // What the cut left of a line is none.
  return [
    ...decode(0, EDGE_BYTES).slice(0, -1).slice(0, FIRST_LINES),
    ...decode(utf8.length - EDGE_BYTES, utf8.length)
      .slice(1)
      .slice(-LAST_LINES),
  ]
}
