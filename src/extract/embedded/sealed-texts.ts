/** Encrypted content that looks like text: told by the marks its makers give it. */
const marks: readonly (readonly [RegExp, string])[] = [
  [/^\$ANSIBLE_VAULT;\d/m, 'Ansible vault'],
  [/-----BEGIN AGE ENCRYPTED FILE-----/, 'age'],
  // Base64 of `Salted__`.
  [/(?<![A-Za-z0-9+/])U2FsdGVkX1[89+/][A-Za-z0-9+/]{10}/, 'OpenSSL'],
]

/** Kinds of encryption found in `text`, each once. */
export function sealedIn(text: string): string[] {
  const kinds: string[] = []
  if (/\$ANSIBLE_VAULT;|AGE ENCRYPTED|U2FsdGVkX1/.test(text)) {
    for (const [mark, kind] of marks) if (mark.test(text)) kinds.push(kind)
  }
  return kinds
}
