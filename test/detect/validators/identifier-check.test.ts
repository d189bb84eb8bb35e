import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { identifierCheck, identifierNames } from '../../../src/detect/validators/identifier-check.ts'
import { compactOf } from '../../../src/detect/validators/identifiers/identifier.ts'

interface Row {
  readonly valid: readonly string[]
  readonly changed: readonly string[]
  readonly length: readonly string[]
}

/** Numbers made by the definitions, not anybody's: valid ones, the first with one digit changed, and of a wrong length. */
const table = JSON.parse(readFileSync(join(import.meta.dirname, 'identifiers.json'), 'utf8')) as Record<string, Row>

/** Identifiers whose definition has no check digit, date or range that one changed digit breaks. */
const withoutCheck = new Set(
  (
    'al.nipt ar.dni at.businessid bic cfi de.stnr dz.nif eg.tn eu.excise eu.nace fi.associationid fi.veronumero fo.vn ' +
    'gb.nino in.pan is.vsk isan isrc ke.pin li.peid nl.identiteitskaartnummer om.vat sm.coe us.atin us.ptin'
  ).split(' '),
)

const check = (value: string, name: string) => identifierCheck.check(value, name)

describe('identifier checks', () => {
  it('has a row for every identifier', () => {
    expect(Object.keys(table).sort()).toEqual([...identifierNames])
  })

  it.each(Object.entries(table))('%s: valid, one digit changed, wrong length', (name, row) => {
    expect(row.valid.length).toBeGreaterThan(0)
    for (const value of row.valid) {
      const canonical = check(value, name)
      expect(canonical, value).not.toBeNull()
      expect(check(canonical ?? '', name), `canonical form of ${value}`).toBe(canonical)
    }
    if (!withoutCheck.has(name)) expect(row.changed.length).toBeGreaterThan(0)
    for (const value of row.changed) expect(check(value, name), value).toBeNull()
    expect(row.length.length).toBeGreaterThan(0)
    for (const value of row.length) expect(check(value, name), value).toBeNull()
  })

  it.each(Object.entries(table))('%s: rejects text, never throws', (name) => {
    for (const value of ['', ' ', '-', 'lorem ipsum dolor', '٣٤٥', '\u0000', '9'.repeat(500), 'é'.repeat(40)]) {
      expect(() => check(value, name)).not.toThrow()
    }
    expect(check('', name)).toBeNull()
    expect(check('lorem ipsum dolor sit', name)).toBeNull()
    expect(check('9'.repeat(500), name)).toBeNull()
  })

  it('takes separators and prefixes that people write', () => {
    expect(check('1112.22.333', 'nl.bsn')).toBe('111222333')
    expect(check('DE 136,695 976', 'de.vat')).toBe('136695976')
    expect(check('CHE-106.222.918', 'ch.uid')).toBe('106222918')
    expect(check('111\u00a0222\u00a0333', 'nl.bsn')).toBe('111222333')
    expect(compactOf('12–34 / ab.c')).toBe('1234ABC')
  })

  it('knows the special cases of the definitions', () => {
    expect(check('35600000049837', 'fr.siret'), "La Poste's establishments sum to a multiple of five").not.toBeNull()
    expect(check('078-05-1120', 'us.ssn'), 'the number printed on wallets').toBeNull()
    expect(check('000-12-3456', 'us.ssn')).toBeNull()
    expect(check('666-12-3456', 'us.ssn')).toBeNull()
    expect(check('131052B308T', 'fi.hetu'), 'a century sign of 2023').not.toBeNull()
    expect(check('131052G308T', 'fi.hetu'), 'not a century sign').toBeNull()
    expect(check('300213-123X', 'fi.hetu'), 'February has no 30th').toBeNull()
    expect(check('12ABC34501DE35', 'br.cnpj'), 'letters since 2026').not.toBeNull()
    expect(check('11111111111', 'br.cpf'), 'one digit repeated').toBeNull()
    expect(check('000000000', 'hu.taj'), 'nothing but zeros').toBeNull()
    expect(check('0'.repeat(17), 'vin'), 'nothing but zeros').toBeNull()
    expect(check('3290284A001PB3', 'by.id'), '29 February of 1984').not.toBeNull()
    expect(check('3290284A001PB3'.replace('84', '85'), 'by.id'), 'none in 1985').toBeNull()
    expect(check('11213456783', 'de.idnr'), 'one digit three times').not.toBeNull()
    expect(check('11123456786', 'de.idnr'), 'but not in a row').toBeNull()
    expect(check('GD001', 'gb.vat'), 'government departments').not.toBeNull()
    expect(check('HA499', 'gb.vat'), 'health authorities start at 500').toBeNull()
    expect(check('KB1000006', 'by.unp')).not.toBeNull()
    expect(check('КВ1000006', 'by.unp'), 'the same in Cyrillic letters').not.toBeNull()
  })

  it('says what is wrong with its argument', () => {
    expect(identifierCheck.argumentProblem?.('nl.bsn')).toBeNull()
    expect(identifierCheck.argumentProblem?.('nl.nope')).toContain('nl.bsn')
    expect(identifierCheck.argumentProblem?.(undefined)).toContain('needs one of')
    expect(check('111222333', 'nl.nope')).toBeNull()
  })
})
