declare module 'libheif-js/wasm-bundle.js' {
  export interface HeifImage {
    get_width(): number
    get_height(): number
    /** Fills `data` (RGBA) and calls back with it; null where the picture can't be decoded. */
    display(
      into: { data: Uint8ClampedArray; width: number; height: number },
      done: (filled: { data: Uint8ClampedArray } | null) => void,
    ): void
    free(): void
  }
  export interface HeifDecoder {
    decode(file: Uint8Array): HeifImage[]
  }
  const library: Promise<{ HeifDecoder: new () => HeifDecoder }>
  export default library
}
