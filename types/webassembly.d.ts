/** The parts of the WebAssembly JavaScript interface that are used; its types come with the DOM's only. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>

  class Module {
    private constructor()
  }

  class Instance {
    constructor(module: Module, imports?: Imports)
    readonly exports: Record<string, unknown>
  }

  class Memory {
    private constructor()
    readonly buffer: ArrayBuffer
    /** Adds pages of 64 KiB and tells how many there were. */
    grow(pages: number): number
  }

  function compile(bytes: Uint8Array): Promise<Module>
}
