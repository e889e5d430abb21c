import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** One page, hashed assets, nothing inline: the server's content security policy allows its own files alone. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2024', chunkSizeWarningLimit: 1000 },
})
