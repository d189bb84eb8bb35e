import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { detectIn, engineRules, summary } from './engine-rules.ts'

const rules = engineRules()
const CARD = '4344661616878795'

describe('detectText', () => {
  it.each<[string, string, string[]]>([
    ['a checked value', `card ${CARD}.`, [`card high text ${CARD}`]],
    ['not one inside a longer number', `1${CARD} ${CARD}1 ${CARD}-1 7.${CARD}`, []],
    ['not one with a wrong check digit', '4344661616878796', []],
    ['a weak value as low', 'x 404-91-1818', ['citizen_id low text 404-91-1818']],
    ['a weak value with a keyword before', 'SSN: 404-91-1818', ['citizen_id high text 404-91-1818']],
    ['with a keyword after', '404-91-1818 (social\nsecurity  number)', ['citizen_id high text 404-91-1818']],
    ['with a keyword in another script', 'НОМЕР ПАСПОРТА 404-91-1818', ['citizen_id high text 404-91-1818']],
    ['with a keyword too far away', `ssn ${'.'.repeat(60)} 404-91-1818`, ['citizen_id low text 404-91-1818']],
    ['with a keyword just near enough', `ssn${'.'.repeat(60)}404-91-1818`, ['citizen_id high text 404-91-1818']],
    ['with distances counted in characters', `ssn${'é'.repeat(60)} 404-91-1818`, ['citizen_id low text 404-91-1818']],
    ['with distances in characters, near', `ssn ${'漢'.repeat(59)}404-91-1818`, ['citizen_id high text 404-91-1818']],
    ['the value group alone', 'password = Tr0ub4dor&3xyz', ['assigned_password medium text Tr0ub4dor&3xyz']],
    ['nothing without required evidence', '1234567', []],
    ['required evidence on the wrong side', '1234567 case', []],
    ['required evidence', 'case 1234567', ['case_number medium text 1234567']],
    ['required evidence by pattern', 'Fall-Nr 1234567', ['case_number medium text 1234567']],
    [
      'bulk below its threshold',
      'a@example.com b@example.com',
      ['mail_addresses low text a@example.com', 'mail_addresses low text b@example.com'],
    ],
    [
      'bulk at its threshold',
      'a@x.org, b@x.org, c@x.org',
      [
        'mail_addresses medium text a@x.org',
        'mail_addresses medium text b@x.org',
        'mail_addresses medium text c@x.org',
      ],
    ],
    [
      'bulk counts distinct values',
      'a@x.org, a@x.org, a@x.org',
      ['mail_addresses low text a@x.org', 'mail_addresses low text a@x.org', 'mail_addresses low text a@x.org'],
    ],
  ])('finds %s', (_, text, expected) => {
    expect(summary(detectIn(rules, text).matches)).toEqual(expected)
  })

  it('takes a column header for the context of its whole column', () => {
    const rows = Array.from({ length: 50 }, (_, i) => `Name ${i}\t404-91-${1000 + i}\tplain text ${'.'.repeat(100)}`)
    const { matches } = detectIn(rules, ['name\tSSN\tnote', ...rows].join('\n'))
    expect(matches.length).toBe(50)
    expect(matches.filter((match) => match.confidence === 'high').length).toBe(50)
    expect(matches.at(-1)?.evidence.at(-1)).toMatchObject({ kind: 'column-header', name: 'words' })
  })

  it('says what silenced a match, without its value', () => {
    const { matches, nearMisses } = detectIn(rules, `order number ${CARD} and 4111 1111 1111 1111`)
    expect(matches).toEqual([])
    expect(nearMisses.map((miss) => [miss.detector, miss.start, miss.silencedBy.name])).toEqual([
      ['card', 13, 'order'],
      ['card', 34, 'placeholder'],
    ])
    expect(JSON.stringify(nearMisses)).not.toContain('4344')
  })

  it('takes no word inside of encoded text for evidence', () => {
    const encoded = 'q8Zr4vTn2LxwW3eE7Yb3Kd9fHs/ssn/6Jg1Pz5Rc07Yb3Kd9fHs6'
    const confidences = (text: string) =>
      detectIn(rules, text)
        .matches.filter(({ detector }) => detector === 'citizen_id')
        .map(({ confidence }) => confidence)
    expect(confidences(`${encoded} 404-91-1818`)).toEqual(['low'])
    expect(confidences('see https://x.example/ssn/list: 404-91-1818')).toEqual(['high'])
  })

  it('explains what raised a match', () => {
    const [match] = detectIn(rules, 'SSN: 404-91-1818').matches
    expect(match?.evidence).toEqual([
      { kind: 'pattern', name: 'digits', effect: 'low' },
      { kind: 'keyword', distance: 2, keyword: 'ssn', name: 'words', effect: 'raised to high' },
    ])
  })

  it('leaves out what is below the least confidence', () => {
    expect(detectIn(rules, '404-91-1818', { minConfidence: 'medium' }).matches).toEqual([])
  })

  it('looks at every byte of invalid UTF-8 and at empty text', () => {
    expect(detectIn(rules, Buffer.alloc(0)).matches).toEqual([])
    const broken = Buffer.concat([
      Buffer.from([0xff, 0xc3, 0x28, 0xe2, 0x82]),
      Buffer.from(` ${CARD} `),
      Buffer.from([0xf0]),
    ])
    expect(summary(detectIn(rules, broken).matches)).toEqual([`card high text ${CARD}`])
  })

  it('says overflow past the limit of matches, and not at it', () => {
    const many = (count: number) => Array.from({ length: count }, () => '404-91-1818').join('\n')
    expect(detectIn(rules, many(limits.detectMatchesPerRuleMax)).overflow).toBe(false)
    const past = detectIn(rules, many(limits.detectMatchesPerRuleMax + 1))
    expect(past.overflow).toBe(true)
    expect(past.matches.length).toBe(limits.detectMatchesPerRuleMax)
  })

  it('gives the same answer for the same text whatever was looked at before', () => {
    const text = `SSN 404-91-1818 ${Buffer.from(`card ${CARD}`).toString('base64')} password: Abcdef123456`
    const first = detectIn(engineRules(), text)
    for (let i = 0; i < 50; i++) detectIn(rules, `${'ghp_'.repeat(i)} ${i} ${CARD.slice(i % 16)} ${text.slice(i)}`)
    expect(detectIn(rules, text)).toEqual(first)
  })
})

describe('ad-hoc terms', () => {
  const terms = [{ name: 'codename', text: 'PROJECT-AURORA-7X' }]
  it.each<[string, string, string]>([
    ['as it is written', 'see PROJECT-AURORA-7X!', 'text'],
    ['in another case', 'Project-Aurora-7x', 'text'],
    ['without punctuation', 'projectaurora7x', 'text'],
    ['spaced', 'P R O J E C T   A U R O R A  7 X', 'text'],
    ['over a line break', 'PROJECT-\nAURORA 7X', 'text'],
    ['between underscores', '_project_aurora_7x_', 'text'],
    ['turned by thirteen', 'CEBWRPG-NHEBEN-7K', 'rot13'],
    ['backwards', 'X7-ARORUA-TCEJORP', 'reversed'],
    ['in base64', Buffer.from('the PROJECT-AURORA-7X plan').toString('base64'), 'base64'],
    ['in Cyrillic lookalikes', 'PRОJЕCT-АURОRА-7X', 'unicode'],
    ['with zero-width spaces', 'PRO\u200bJECT-AU\u200bRORA-7X', 'text'],
  ])('are found %s', (_, text, via) => {
    const found = detectIn(rules, text, { terms }).matches.filter((match) => match.detector === 'codename')
    expect(summary(found)).toEqual([`codename high ${via} PROJECT-AURORA-7X`])
    expect(found[0]?.family).toBe('intellectual_property')
  })

  it.each(['PROJECT-AURORA', 'PROJECT-AURORA-7XY', 'xPROJECT-AURORA-7X', 'project of aurora 7x'])(
    'are not %s',
    (text) => {
      expect(detectIn(rules, text, { terms }).matches.filter((match) => match.detector === 'codename')).toEqual([])
    },
  )
})
