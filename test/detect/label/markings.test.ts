import { describe, expect, it } from 'vitest'
import type { Extraction, Part } from '../../../src/core/extraction.ts'
import { limits } from '../../../src/core/limits.ts'
import { labelDetector } from '../../../src/detect/label/label-detector.ts'
import { markingOfLine, markingOfSubject } from '../../../src/detect/label/markings.ts'
import { MessageDetection } from '../../../src/detect/message-detection.ts'

const options = { findingKey: new Uint8Array(32) }
const told = (marking: ReturnType<typeof markingOfLine>) => (marking ? `${marking.scheme} ${marking.id}` : null)

describe('a line that is a marking', () => {
  it.each<[string, string | null]>([
    // FIRST TLP 2.0
    ['TLP:RED', 'tlp TLP:RED'],
    ['TLP: AMBER+STRICT', 'tlp TLP:AMBER+STRICT'],
    ['tlp:green', 'tlp TLP:GREEN'],
    ['TLP:CLEAR - may be shared', 'tlp TLP:CLEAR'],
    ['Monthly report TLP:AMBER', 'tlp TLP:AMBER'],
    ['TLP:REDDISH', null],
    ['The TLP:RED marking means this', null],
    ['help:red', null],
    // United States
    ['UNCLASSIFIED//FOUO', 'protective-marking UNCLASSIFIED//FOUO'],
    ['SECRET//NOFORN', 'protective-marking SECRET//NOFORN'],
    ['TOP SECRET//SI//ORCON/NOFORN', 'protective-marking TOP SECRET//SI//ORCON/NOFORN'],
    ['CUI//SP-PRVCY', 'protective-marking CUI//SP-PRVCY'],
    ['CUI', 'protective-marking CUI'],
    ['FOR OFFICIAL USE ONLY', 'protective-marking FOR OFFICIAL USE ONLY'],
    ['cui', null],
    ['(S//NF)', 'protective-marking S//NF'],
    ['(TS//SI/TK//NOFORN)', 'protective-marking TS//SI/TK//NOFORN'],
    ['(S//nf)', null],
    ['Luottamuksellinen', 'marking confidential'],
    ['ÇOK GİZLİ', 'marking strictly-confidential'],
    ['GİZLİ', 'marking confidential'],
    ['Gizli', null],
    ['Совершенно секретно', 'marking secret'],
    ['Diffusion restreinte', 'marking restricted'],
    ['Секретно о важном', null],
    // United Kingdom, Australia, Canada
    ['OFFICIAL-SENSITIVE', 'protective-marking OFFICIAL-SENSITIVE'],
    ['OFFICIAL-SENSITIVE COMMERCIAL', 'protective-marking OFFICIAL-SENSITIVE COMMERCIAL'],
    ['- SECRET -', 'protective-marking SECRET'],
    ['TOP SECRET - UK EYES ONLY', 'protective-marking TOP SECRET - UK EYES ONLY'],
    ['OFFICIAL: Sensitive', 'protective-marking OFFICIAL: Sensitive'],
    ['Draft [SEC=PROTECTED, CAVEAT=SH:CABINET]', 'protective-marking [SEC=PROTECTED, CAVEAT=SH:CABINET]'],
    ['PROTECTED B', 'protective-marking PROTECTED B'],
    ['Secret', null],
    ['Official', null],
    ['protected', null],
    // NATO, European Union, Germany, France
    ['NATO RESTRICTED', 'protective-marking NATO RESTRICTED'],
    ['COSMIC TOP SECRET', 'protective-marking COSMIC TOP SECRET'],
    ['NATO SECRET - RELEASABLE TO SWE', 'protective-marking NATO SECRET - RELEASABLE TO SWE'],
    ['RESTREINT UE/EU RESTRICTED', 'protective-marking RESTREINT UE/EU RESTRICTED'],
    ['VS – NUR FÜR DEN DIENSTGEBRAUCH', 'protective-marking VS – NUR FÜR DEN DIENSTGEBRAUCH'],
    ['VS-NfD', 'protective-marking VS-NfD'],
    ['DIFFUSION RESTREINTE', 'protective-marking DIFFUSION RESTREINTE'],
    ['NATO restricted the airspace', null],
    // companies, in many languages
    ['Confidential', 'marking confidential'],
    ['*** STRICTLY CONFIDENTIAL ***', 'marking strictly-confidential'],
    ['Acme Corp. Confidential and Proprietary', 'marking confidential'],
    ['Confidential – Page 3 of 10', 'marking confidential'],
    ['3 | Company Confidential', 'marking confidential'],
    ['For internal use only', 'marking internal'],
    ['INTERNAL', 'marking internal'],
    ['Classification: Internal', 'marking internal'],
    ['Klassifizierung: streng vertraulich', 'marking strictly-confidential'],
    ['Vertraulich', 'marking confidential'],
    ['Nur für den internen Gebrauch', 'marking internal'],
    ['CONFIDENTIEL', 'marking confidential'],
    ['Usage interne', 'marking internal'],
    ['Estrictamente confidencial', 'marking strictly-confidential'],
    ['RISERVATO', 'marking confidential'],
    ['Confidenziale', 'marking confidential'],
    ['Informação confidencial', 'marking confidential'],
    ['Vertrouwelijk', 'marking confidential'],
    ['ŚCIŚLE POUFNE', 'marking strictly-confidential'],
    ['Strängt konfidentiellt', 'marking strictly-confidential'],
    ['Kun til intern brug', 'marking internal'],
    ['Строго конфиденциально', 'marking strictly-confidential'],
    ['社外秘', 'marking confidential'],
    ['極秘', 'marking strictly-confidential'],
    ['内部资料', 'marking internal'],
    ['대외비', 'marking confidential'],
    ['PUBLIC', 'marking public'],
    // what is none
    ['Internal', null],
    ['Public', null],
    ['secret santa', null],
    ['Please keep this confidential', null],
    ['This message is confidential.', null],
    ['Is it confidential?', null],
    ['the confidential', null],
    ['Confidentiality', null],
    ['Re: confidential talks', null],
    ['', null],
    ['----', null],
    [`CONFIDENTIAL${' '.repeat(110)}`, null],
  ])('%j is %j', (line, expected) => {
    expect(told(markingOfLine(line))).toBe(expected)
  })
})

describe('a subject with a marking', () => {
  it.each<[string, string | null]>([
    ['[TLP:AMBER] new indicators', 'tlp TLP:AMBER'],
    ['Re: TLP:GREEN weekly', 'tlp TLP:GREEN'],
    ['CONFIDENTIAL: offer', 'marking confidential'],
    ['Offer [Confidential]', 'marking confidential'],
    ['AW: (streng vertraulich) Angebot', 'marking strictly-confidential'],
    ['OFFICIAL-SENSITIVE - staff list', 'protective-marking OFFICIAL-SENSITIVE'],
    ['Minutes | INTERNAL', 'marking internal'],
    ['Brief [SEC=SECRET]', 'protective-marking [SEC=SECRET]'],
    ['Confidential proposal for you', null],
    ['Secret sale: up to 50 %', null],
    ['Public - holiday', null],
    ['internal server error', null],
  ])('%j is %j', (subject, expected) => {
    expect(told(markingOfSubject(subject))).toBe(expected)
  })
})

describe('the label detector', () => {
  const find = (text: string, labels: Extraction['labels'] = []) => {
    const part = { path: 'mail/a.docx' } as Extraction['parts'][number]
    const extraction = { parts: [part], texts: [{ part: 0, utf8: Buffer.from(text) }], uninspected: [], labels }
    const detection = labelDetector(null).inspectLabels?.(extraction, options)
    return (detection?.labels ?? []).map(({ scheme, name, part: where }) => `${scheme} ${name} in ${where}`)
  }
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i} of the text`).join('\n')

  it('reads the first and last lines of a part, and none between', () => {
    expect(find(`CONFIDENTIAL\n${lines(50)}`)).toEqual(['marking CONFIDENTIAL in mail/a.docx'])
    expect(find(`${lines(50)}\n\nCONFIDENTIAL\npage 3`)).toEqual(['marking CONFIDENTIAL in mail/a.docx'])
    expect(find(`${lines(50)}\nCONFIDENTIAL\n${lines(50)}`)).toEqual([])
  })

  it.each([
    ['first', 6, (count: number) => `${lines(count - 1)}\nTLP:RED\n${lines(60)}`],
    ['last', 12, (count: number) => `${lines(60)}\nTLP:RED\n${lines(count - 1)}`],
  ])('reads the %s %i lines', (_name, count, text) => {
    expect(find(text(count))).toHaveLength(1)
    expect(find(text(count + 1))).toEqual([])
  })

  it('reads the ends of long texts, and no line that was cut', () => {
    expect(find(`TLP:RED\n${lines(5_000)}\nSECRET//NOFORN`)).toHaveLength(2)
    expect(find(`${'x'.repeat(4_090)} TLP:RED${'x'.repeat(40_000)}`)).toEqual([])
  })

  it('tells one marking of a part once, also when it carries it as a label', () => {
    expect(find(`TLP:RED\n${lines(3)}\nTLP:RED`)).toHaveLength(1)
    expect(
      find('Subject: x [SEC=SECRET]', [
        { scheme: 'protective-marking', id: '[SEC=SECRET]', name: 'SECRET', part: 'mail/a.docx' },
      ]),
    ).toHaveLength(1)
  })

  it('tells so many markings of a message, and that there were more', () => {
    const marked = (count: number) => {
      const parts = Array.from({ length: count }, (_, id) => ({ id, path: `mail/[${id}]` }) as Part)
      const texts = parts.map(({ id }) => ({ part: id, utf8: Buffer.from('TLP:RED') }))
      const detection = new MessageDetection([labelDetector(null)], options)
      return detection.finish({ parts, texts, uninspected: [], labels: [] })
    }
    const most = limits.extractLabelsMax
    expect(marked(most)).toMatchObject({ labels: { length: most }, uninspected: [] })
    expect(marked(most + 1)).toMatchObject({
      labels: { length: most },
      uninspected: [{ path: `mail/[${most}]`, reason: 'too-many', detail: 'label candidates' }],
    })
  })

  it('reads subjects as subjects', () => {
    expect(find('Subject: [TLP:AMBER] a\nFrom: a@x.example')).toEqual(['tlp TLP:AMBER in mail/a.docx'])
  })
})
