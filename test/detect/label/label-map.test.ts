import { describe, expect, it } from 'vitest'
import type { LabelMark } from '../../../src/core/extraction.ts'
import { labelDetector } from '../../../src/detect/label/label-detector.ts'
import { type LabelMap, levelOf, parseLabelMap } from '../../../src/detect/label/label-map.ts'

const TEXT = `levels: [public, internal, confidential, secret]
headers: [X-House-Class]
properties: [House Class]
map:
  - { scheme: msip, id: '{8F2D1C54-6A0E-4B7B-9D3C-2F1E5A7B9C01}', level: secret }
  - { scheme: msip, id: 11111111-2222-3333-4444-555555555555, site_id: aaaaaaaa-0000-0000-0000-000000000001, level: internal }
  - { scheme: tlp, name: TLP:RED, level: secret }
  - { scheme: header, header: x-classification, name: 'Restricted*', level: confidential }
  - { name: '*internal use*', level: internal }
  - { name: Public, level: public }
  - { scheme: titus, id: Classification, name: C2, level: confidential }
`

function read(text: string): LabelMap {
  const { map, diagnostics } = parseLabelMap('labels.yaml', text)
  expect(diagnostics).toEqual([])
  return map as LabelMap
}

const mark = (given: Partial<LabelMark>): LabelMark => ({ scheme: 'msip', id: '', name: '', part: 'mail', ...given })

describe('a label map', () => {
  const map = read(TEXT)

  it.each<[string, Partial<LabelMark>, string | null]>([
    ['by id, braces and case aside', { id: '8f2d1c54-6a0e-4b7b-9d3c-2f1e5a7b9c01' }, 'secret'],
    [
      'by id and tenant',
      { id: '11111111-2222-3333-4444-555555555555', siteId: 'AAAAAAAA-0000-0000-0000-000000000001' },
      'internal',
    ],
    [
      'not of another tenant',
      { id: '11111111-2222-3333-4444-555555555555', siteId: 'bbbbbbbb-0000-0000-0000-000000000002' },
      null,
    ],
    ['not of an unknown tenant', { id: '11111111-2222-3333-4444-555555555555' }, null],
    ['not of another scheme', { scheme: 'titus', id: '8f2d1c54-6a0e-4b7b-9d3c-2f1e5a7b9c01' }, null],
    ['by name, case aside', { scheme: 'tlp', name: 'tlp:red' }, 'secret'],
    ['not by part of a name', { scheme: 'tlp', name: 'TLP:RED+' }, null],
    [
      'by wildcard at the end',
      { scheme: 'header', header: 'x-classification', name: 'RESTRICTED - Staff' },
      'confidential',
    ],
    ['by wildcard of nothing', { scheme: 'header', header: 'x-classification', name: 'restricted' }, 'confidential'],
    ['not in another header', { scheme: 'header', header: 'x-other', name: 'Restricted' }, null],
    ['not by a wildcard whose ends overlap', { scheme: 'header', header: 'x-classification', name: 'Restrict' }, null],
    ['by wildcards on both sides, over lines', { scheme: 'property', name: 'For\nInternal Use only' }, 'internal'],
    ['by name in any scheme', { scheme: 'marking', name: 'PUBLIC' }, 'public'],
    ['by id and name together', { scheme: 'titus', id: 'classification', name: 'c2' }, 'confidential'],
    ['not with the id alone', { scheme: 'titus', id: 'Classification', name: 'C3' }, null],
    ['not what it does not know', { scheme: 'msip', id: 'ffffffff-0000-0000-0000-000000000000', name: 'Other' }, null],
  ])('maps %s', (_name, given, level) => {
    expect(levelOf(mark(given), map)).toBe(level)
  })

  it('takes the first mapping that fits', () => {
    const both = read('levels: [low, high]\nmap:\n  - { name: A*, level: low }\n  - { name: AB, level: high }\n')
    expect(levelOf(mark({ name: 'AB' }), both)).toBe('low')
  })

  it('reads special characters of a name as they stand', () => {
    const odd = read("levels: [low]\nmap:\n  - { name: 'a.b(c)[d]$*', level: low }\n")
    expect(levelOf(mark({ name: 'a.b(c)[d]$ and more' }), odd)).toBe('low')
    expect(levelOf(mark({ name: 'aXb(c)[d]$' }), odd)).toBeNull()
  })

  it('has a header to write, with the level itself where it has no value', () => {
    expect(map.write).toBeNull()
    const text = 'levels: [public, secret]\nwrite: { header: X-Class, values: { secret: TOP } }\n'
    expect(read(text).write).toEqual({ name: 'X-Class', values: ['public', 'TOP'] })
  })

  it('keeps the headers that carry labels', () => {
    expect(map.headers).toEqual(['X-House-Class'])
    expect(map.properties).toEqual(['House Class'])
  })

  it.each([
    [
      'an unknown level, with the one that was meant',
      'levels: [public, secret]\nmap:\n  - { name: x, level: secrte }\n',
      'l.yaml:3:23 unknown-level There is no level `secrte`; did you mean `secret`?',
    ],
    [
      'an unknown level, with those there are',
      'levels: [public, secret]\nmap:\n  - { name: x, level: zzzzz }\n',
      'the levels are `public`, `secret`',
    ],
    [
      'a level that stands twice',
      'levels: [public, secret, public]\n',
      'l.yaml:1:26 duplicate-level this level stands here twice',
    ],
    [
      'a value for an unknown level',
      'levels: [public, secret]\nwrite: { header: X-A, values: { secrt: x } }\n',
      'unknown-level There is no level `secrt`; did you mean `secret`?',
    ],
    [
      'a header with a meaning of its own',
      'levels: [public]\nwrite: { header: Subject }\n',
      'this header has a meaning of its own',
    ],
    ['a value of two lines', 'levels: [a]\nwrite: { header: X-A, values: { a: "b\\nc" } }\n', 'write one line'],
    ['no levels', 'map: []\n', 'l.yaml:1:1 '],
    [
      'a mapping of everything',
      'levels: [a]\nmap:\n  - { scheme: msip, level: a }\n',
      'l.yaml:3:5 invalid-value `map.0`: give `id` or `name`, or both',
    ],
    [
      'an unknown key, with the one that was meant',
      'levels: [a]\nmap:\n  - { nmae: x, level: a }\n',
      'l.yaml:3:7 unknown-key',
    ],
    ['a level that is no name', 'levels: [a b]\n', 'l.yaml:1:10 '],
  ])('refuses %s', (_name, text, expected) => {
    const { map: refused, diagnostics } = parseLabelMap('l.yaml', text)
    expect(refused).toBeNull()
    expect(diagnostics.map((d) => `${d.file}:${d.row}:${d.column} ${d.code} ${d.message}`).join('\n')).toContain(
      expected,
    )
  })
})

describe('the label detector', () => {
  const find = (map: LabelMap | null, ...labels: LabelMark[]) =>
    labelDetector(map).inspectLabels?.(
      { parts: [], texts: [], uninspected: [], labels },
      { findingKey: new Uint8Array(32) },
    ).labels

  it('adds level and rank, lowest first', () => {
    const secret = mark({ id: '8f2d1c54-6a0e-4b7b-9d3c-2f1e5a7b9c01', name: 'Top', siteId: 'x' })
    expect(find(read(TEXT), secret, mark({ scheme: 'marking', name: 'public' }))).toEqual([
      { scheme: 'msip', id: secret.id, name: 'Top', part: 'mail', siteId: 'x', level: 'secret', rank: 3 },
      { scheme: 'marking', id: '', name: 'public', part: 'mail', level: 'public', rank: 0 },
    ])
  })

  it('leaves level and rank open without a map, and for what the map does not know', () => {
    expect(find(null, mark({ name: 'Public' }))).toMatchObject([{ level: null, rank: null }])
    expect(find(read(TEXT), mark({ name: 'Elsewhere' }))).toMatchObject([
      { name: 'Elsewhere', level: null, rank: null },
    ])
  })

  it('leaves removed labels out', () => {
    expect(find(read(TEXT), mark({ name: 'Public', removed: true }))).toEqual([])
  })
})
