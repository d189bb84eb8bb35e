import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default'],
    // The decoder of HEIC says on the console what the tests of damaged pictures expect of it.
    onConsoleLog: (log) => !log.startsWith('Decoding image failed heif_image_handle'),
  },
})
