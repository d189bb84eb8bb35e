/** Labels that parts carry, with the organisation's own level where the label map knows one. Removed labels don't count. */
import type { LabelFinding } from '../../core/finding.ts'
import type { Detector } from '../detector.ts'
import { type LabelMap, levelOf } from './label-map.ts'

export function labelDetector(map: LabelMap | null): Detector {
  return {
    kind: 'label',
    inspectLabels: (extraction) =>
      extraction.labels
        .filter((mark) => mark.removed !== true)
        .map((mark): LabelFinding => {
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
        }),
  }
}
