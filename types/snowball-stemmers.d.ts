declare module 'snowball-stemmers' {
  interface Stemmer {
    /** Wants lower case. */
    stem(word: string): string
  }
  const factory: {
    newStemmer(algorithm: string): Stemmer
    algorithms(): string[]
  }
  export default factory
}
