import { describe, expect, it } from 'vitest'
import { KeywordMatcher } from '../../../src/detect/evidence/keyword-matcher.ts'

const words = [
  'ssn',
  'id',
  'credit card',
  'social security number',
  'numéro',
  'Straße',
  'номер',
  'паспорт',
  '身份证',
  'pass-port no',
  'c',
  'ΑΦΜ',
  'n.i.f.',
  "numéro d'identité",
]
const matcher = new KeywordMatcher(words)
const nameOf = new Map(words.map((word) => [matcher.idOf(word), word]))

function found(text: string): string[] {
  const bytes = Buffer.from(text)
  const hits = matcher.find(bytes)
  const out: string[] = []
  for (let i = 0; i < hits.length; i += 3)
    out.push(`${nameOf.get(hits[i] as number)}=${bytes.toString('utf8', hits[i + 1], hits[i + 2])}`)
  return out
}

describe('keywords', () => {
  it.each<[string, string, string[]]>([
    ['stand alone', 'my ssn is', ['ssn=ssn']],
    ['in any case', 'SSN Ssn', ['ssn=SSN', 'ssn=Ssn']],
    ['not inside words', 'lessness assn ssnx idea', []],
    ['as plurals', 'IDs, credit cards', ['id=ID', 'credit card=credit card']],
    ['before digits', 'SSN123', ['ssn=SSN']],
    ['at a change of case', 'userSsn ssnNumber', ['ssn=Ssn', 'ssn=ssn']],
    ['about underscores', 'user_ssn_1', ['ssn=ssn']],
    ['over line breaks', 'social\n   security\tnumber', ['social security number=social\n   security\tnumber']],
    [
      'over no-break spaces and dashes',
      'credit\u00a0card credit‑card',
      ['credit card=credit\u00a0card', 'credit card=credit‑card'],
    ],
    [
      'with and without accents',
      'NUMERO numéro nume\u0301ro',
      ['numéro=NUMERO', 'numéro=numéro', 'numéro=nume\u0301ro'],
    ],
    [
      'with whatever apostrophe, or an underscore for it',
      "numéro d'identité numéro d’identité numero_d_identite",
      [
        "numéro d'identité=numéro d'identité",
        "numéro d'identité=numéro d’identité",
        "numéro d'identité=numero_d_identite",
      ].flatMap((hit) => [`numéro=${hit.split('=')[1]?.slice(0, 6)}`, hit]),
    ],
    ['with ß as ss', 'STRASSE straße', ['Straße=STRASSE', 'Straße=straße']],
    ['in Cyrillic of either case', 'НОМЕР ПАСПОРТА номер', ['номер=НОМЕР', 'номер=номер']],
    ['in scripts without spaces', '我的身份证号码', ['身份证=身份证']],
    ['with soft hyphens inside', 'cre\u00addit card', ['credit card=cre\u00addit card']],
    ['of one letter', 'c or cc', ['c=c']],
    ['at the ends of the text', 'ssn', ['ssn=ssn']],
    ['with full stops between letters', 'S.S.N. s.s.n S. S. N.', ['ssn=S.S.N', 'ssn=s.s.n', 'ssn=S. S. N']],
    ['with full stops between Greek letters', 'Α.Φ.Μ. 1', ['ΑΦΜ=Α.Φ.Μ']],
    ['written with full stops alone', 'NIF N.I.F.', ['n.i.f.=NIF', 'n.i.f.=N.I.F']],
    ['not of two letters with full stops', 'I.D.', []],
    ['of folded spelling', 'pass port   no', ['pass-port no=pass port   no']],
  ])('%s', (_, text, expected) => {
    expect(found(text).sort()).toEqual(expected.sort())
  })

  it('are found at every place of a long text, as a plain search says', () => {
    const text = Array.from({ length: 3000 }, (_, i) => `${'x'.repeat(i % 17)} ssn${i % 3 === 0 ? ',' : ' '}id`).join(
      '\n',
    )
    const plain = [...text.matchAll(/\b(?:ssn|id)\b/g)].map((m) => m.index)
    const hits = matcher.find(Buffer.from(text))
    expect(hits.filter((_, i) => i % 3 === 1)).toEqual(plain)
  })

  it('fold to the same number when they differ by case, accents or white space alone', () => {
    expect(matcher.idOf('CREDIT  CARD')).toBe(matcher.idOf('credit-card'))
    expect(matcher.idOf('numero')).toBe(matcher.idOf('Numéro'))
    expect(matcher.idOf('unknown')).toBe(-1)
  })
})
