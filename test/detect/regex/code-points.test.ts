import { describe, expect, it } from 'vitest'
import { CODE_POINT_MAX, foldCase, unicodeProperty } from '../../../src/detect/regex/code-points.ts'

const characters = Array.from({ length: CODE_POINT_MAX + 1 }, (_, code) => String.fromCodePoint(code))
const isSurrogate = (code: number) => code >= 0xd800 && code <= 0xdfff

describe('Unicode properties', () => {
  it.each(['L', 'Lu', 'M', 'N', 'Nd', 'P', 'S', 'Z', 'C', 'Cn', 'Co', 'Cf', 'Greek', 'Han', 'Latin'])(
    '%s has every code point that the runtime says, and no other',
    (name) => {
      const script = name.length > 2
      const regex = new RegExp(script ? `\\p{Script=${name}}` : `\\p{${name}}`, 'u')
      const wanted: number[] = []
      for (let code = 0, inside = false; code <= CODE_POINT_MAX + 1; code++) {
        const now = code <= CODE_POINT_MAX && !isSurrogate(code) && regex.test(characters[code] as string)
        if (now !== inside) wanted.push(now ? code : code - 1)
        inside = now
      }
      expect(unicodeProperty(name)).toEqual(wanted)
    },
  )

  it('that there are none of are null', () => {
    expect(unicodeProperty('Klingon')).toBeNull()
  })
})

describe('folding', () => {
  it('changes every character that has another case in one code point, wherever it stands', () => {
    const alone = characters.flatMap((character, code) => {
      if (isSurrogate(code) || code === 0x130 || code === 0x131) return []
      const forms = [character.toLowerCase(), character.toUpperCase()]
      const others = forms.filter((form) => form !== character && form.length === character.length)
      return others.length > 0 &&
        foldCase([code, code]).length === 2 &&
        foldCase([code, code])[0] === foldCase([code, code])[1]
        ? [code.toString(16)]
        : []
    })
    expect(alone).toEqual([])
  })

  it('lets the Kelvin sign and the long s join their letters', () => {
    expect(foldCase([0x6b, 0x6b])).toEqual([0x4b, 0x4b, 0x6b, 0x6b, 0x212a, 0x212a])
    expect(foldCase([0x53, 0x53])).toEqual([0x53, 0x53, 0x73, 0x73, 0x17f, 0x17f])
  })
})
