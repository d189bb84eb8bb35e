import { describe, expect, it } from 'vitest'
import { joinYamlLines } from '../../src/extract/yaml-lines.ts'
import { read } from './formats/making.ts'

describe('YAML', () => {
  it.each<[string, string, string]>([
    ['folded', 'card: >-\n  43309399\n  82194872\niban: x', 'card: >-\n43309399 82194872\niban: x'],
    ['folded in a list', '- >\n  43309399\n  82194872\n- b', '- >\n43309399 82194872\n- b'],
    ['folded with a comment and empty lines', 'a: >+2 # why\n  b\n\n  c', 'a: >+2 # why\nb\nc'],
    ['in quotation marks', 'a: "4330\n  9399"\nb: c', 'a: "4330 9399"\nb: c'],
    ['in quotation marks without a blank', 'a: "4330\\\n  9399"', 'a: "43309399"'],
  ])('lines are joined: %s', (_, text, joined) => {
    expect(joinYamlLines(text)).toBe(joined)
  })

  it.each([
    'a: |\n  4330\n  9399',
    'a: "closed"\nb: c',
    "a: 'it''s'\nb: c",
    'a: it"s open\nb: c',
    'a: "never closed\nb: c',
    'plain',
  ])('other lines stay as they are: %s', (text) => {
    expect(joinYamlLines(text)).toBe(text)
  })

  it('is read with its lines joined', async () => {
    const { text } = await read(Buffer.from('card: >-\n  43309399\n  82194872\n'), 'a.yaml')
    expect(text).toContain('43309399 82194872')
  })
})
