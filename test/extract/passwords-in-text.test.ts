import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { passwordsInText } from '../../src/extract/passwords-in-text.ts'
import { has, made } from './formats/making.ts'
import { readMail } from './reading.ts'

describe('passwords in the text of a message', () => {
  it.each([
    ['Please find the file attached.\n\nPassword: Sommer-2026!', 'Sommer-2026!'],
    ['The password is sesame.', 'sesame'],
    ['the password for the archive is sesame', 'sesame'],
    ['pw = tr0ub4dor', 'tr0ub4dor'],
    ['PIN: 4711', '4711'],
    ['Das Passwort lautet "Grüne Wiese"', 'Grüne Wiese'],
    ['Kennwort:\n  geheim', 'geheim'],
    ['Le mot de passe est printemps', 'printemps'],
    ['La contraseña es: verano', 'verano'],
    ['Hasło: zielony', 'zielony'],
    ['Пароль: секрет', 'секрет'],
    ['解压密码是abc123', 'abc123'],
    ['パスワード：himitsu', 'himitsu'],
    ['To open it use “open.sesame”, as we agreed.', 'open.sesame'],
    ['Use Xk9-22qq-Lm to open it', 'Xk9-22qq-Lm'],
  ])('%j', (text, password) => {
    expect(passwordsInText(text)).toContain(password)
  })

  it('puts what is named first', () => {
    expect(passwordsInText('Order A4711-22 of "May"\nPassword: sesame')[0]).toBe('sesame')
  })

  it('finds none in plain prose', () => {
    expect(passwordsInText('Dear all,\nthe minutes of our meeting are attached.\nKind regards\nA. Example')).toEqual([])
  })

  it('gives no more than the limit', () => {
    const many = Array.from({ length: 200 }, (_, i) => `password: word${i}x`).join('\n')
    expect(passwordsInText(many)).toHaveLength(limits.extractPasswordWordsMax)
    expect(passwordsInText(many.slice(0, 19 * 3))).toHaveLength(3)
  })

  it('comes to an end in hostile text', () => {
    for (const text of ['password '.repeat(20_000), 'pass '.repeat(20_000), '"'.repeat(100_000), 'a1'.repeat(50_000)])
      expect(passwordsInText(text).length).toBeLessThan(2)
  })
})

describe.skipIf(!has('7z'))('a password beside the file', () => {
  const archive = made(
    '7z',
    ['a', '-pSommer-2026!', '-mem=AES256', 'x.zip', 'a.txt'],
    { 'a.txt': 'card 4111 1111 1111 1111' },
    'x.zip',
  )
  const message = (text: string) =>
    [
      'From: a@example.com\r\nTo: b@example.net\r\nSubject: the file\r\nMIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=bb\r\n',
      `--bb\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`,
      '--bb\r\nContent-Type: application/zip; name=x.zip\r\nContent-Disposition: attachment; filename=x.zip',
      `Content-Transfer-Encoding: base64\r\n\r\n${archive.toString('base64')}\r\n--bb--\r\n`,
    ].join('\r\n')
  const written = message('Here it is.\r\nPassword: Sommer-2026!')

  it('opens it where that is asked for, and says so', async () => {
    const { text, uninspected, extraction } = await readMail(written, { passwordsFromText: true })
    expect(text).toContain('4111 1111 1111 1111')
    expect(uninspected).toEqual([])
    expect(extraction.parts.flatMap(({ traits }) => traits)).toContain('opened-with-password')
  })

  it('opens nothing where it is not, or where it is another', async () => {
    expect((await readMail(written)).uninspected).toEqual(['encrypted AES-256'])
    const { text, uninspected } = await readMail(message('Password: Winter-2026!'), { passwordsFromText: true })
    expect(uninspected).toEqual(['encrypted AES-256'])
    expect(text).not.toContain('4111 1111 1111 1111')
  })

  it('is tried along with those of the policy', async () => {
    const { uninspected } = await readMail(message('See you soon'), {
      passwordsFromText: true,
      passwords: ['Sommer-2026!'],
    })
    expect(uninspected).toEqual([])
  })
})
