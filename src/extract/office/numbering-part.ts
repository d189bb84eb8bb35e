import type { ExtractContext } from '../format.ts'
import { attribute } from '../readers/xml-attributes.ts'
import { walkXml } from '../readers/xml-walker.ts'
import type { ListDefinitions, ListInstance, ListLevel } from './list-numbering.ts'

/** Lists of a Word document from its numbering part (ISO 29500-1, 17.9); none where it has no such part. */
export function readNumberingPart(bytes: Buffer | null, context: ExtractContext): ListDefinitions {
  const abstract = new Map<string, Map<number, ListLevel>>()
  const lists = new Map<number, ListInstance>()
  if (!bytes) return { abstract, lists }
  let levels = new Map<number, ListLevel>()
  let level: ListLevel | null = null
  let list: { id: number; abstractId: string; levels: Map<number, ListLevel>; starts: Map<number, number> } | null =
    null
  let overridden = 0
  walkXml(
    bytes,
    {
      open: (name, attributes) => {
        const value = attribute(attributes, 'val') ?? ''
        switch (name) {
          case 'abstractNum':
            levels = new Map()
            abstract.set(attribute(attributes, 'abstractNumId') ?? '', levels)
            return
          case 'num':
            list = {
              id: Number(attribute(attributes, 'numId')),
              abstractId: '',
              levels: new Map(),
              starts: new Map(),
            }
            return
          case 'abstractNumId':
            if (list) list.abstractId = value
            return
          case 'lvlOverride':
            overridden = Number(attribute(attributes, 'ilvl') ?? 0)
            return
          case 'startOverride':
            list?.starts.set(overridden, Number(value) || 0)
            return
          case 'lvl':
            // Without a start a level begins at zero (17.9.25).
            level = { start: 0, format: 'decimal', text: '', style: '', isLegal: false, restart: null }
            ;(list?.levels ?? levels).set(Number(attribute(attributes, 'ilvl') ?? 0), level)
            return
          default:
            if (level) readLevel(level, name, value)
        }
      },
      close: (name) => {
        if (name === 'lvl') level = null
        if (name !== 'num' || !list) return
        lists.set(list.id, list)
        list = null
      },
    },
    context,
  )
  return { abstract, lists }
}

function readLevel(level: ListLevel, name: string, value: string): void {
  switch (name) {
    case 'start':
      level.start = Number(value) || 0
      return
    case 'numFmt':
      level.format = value
      return
    case 'lvlText':
      level.text = value
      return
    case 'lvlRestart':
      level.restart = Number(value) || 0
      return
    case 'pStyle':
      level.style = value
      return
    case 'isLgl':
      level.isLegal = !/^(?:0|false|off)$/i.test(value)
      return
    default:
  }
}
