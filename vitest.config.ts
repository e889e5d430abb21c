import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/**/*.test.ts'],
    // Correctness must not depend on how fast the machine is; speed lives in `npm run bench`.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    passWithNoTests: false,
  },
})
