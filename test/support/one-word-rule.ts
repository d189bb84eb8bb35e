/** A rule file with one rule, which finds one word and is sure of it. */
export function oneWordRule(word: string): string {
  return `rules:
  - id: word
    name: A word
    family: custom
    description: One word.
    references: [https://sluice.example/test]
    patterns: [{ id: word, regex: '${word}', confidence: high }]
    examples: [${word}, a ${word}, ${word} b]
    negative_examples: [nothing, of, interest]
`
}
