/** The console's files, as they were built: one page for every path of its own, and assets that never change under their name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { serverProblem } from '../config/codes.ts'
import type { App } from './parts.ts'
import { refusal } from './problem.ts'

/** Paths that the console answers itself (`packages/console/src/main.tsx`). */
const pages = [
  '/', '/sign-in', '/enrol', '/device', '/tap/:id', '/second/:id',
  '/opt-outs',
  '/opt-outs/:id',
  '/policies',
  '/log',
  '/alarms',
  '/people',
] as const

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' }

/** Its own files and nothing else: no script of a stranger, none within the page, no frame around it, and no key used by whoever frames it. */
const policy = {
  'content-security-policy': [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'",
  ].join('; '),
  'permissions-policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()',
  'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin', 'x-frame-options': 'DENY',
}

const pattern = new RegExp(`^(?:${pages.map((page) => page.replaceAll(/:\w+/g, '[^/]+')).join('|')})$`)

/** Whether the console answers a path: with headers of its own, as a page loads what an API never does. */
export const isPage = (path: string): boolean => path.startsWith('/assets/') || pattern.test(path)

export function addPages(app: App, folder: string | undefined): void {
  const index = folder === undefined || !existsSync(join(folder, 'index.html')) ? undefined : readFileSync(join(folder, 'index.html'))
  const answer = (): Response => (index === undefined
    ? refusal([serverProblem('RESOURCE_UNKNOWN', 'the console was not built with this server', 'run: npm run build')])
    : new Response(index, { headers: { ...policy, 'content-type': types['.html'] ?? '', 'cache-control': 'no-cache' } }))
  for (const page of pages) app.get(page, answer)
  if (folder === undefined || index === undefined) return
  // Read once: what is served is what was built, whatever is put into the folder later.
  for (const name of readdirSync(join(folder, 'assets'))) {
    const bytes = readFileSync(join(folder, 'assets', name))
    app.get(`/assets/${name}`, () => new Response(bytes, { headers: { ...policy, 'content-type': types[extname(name)] ?? 'application/octet-stream', 'cache-control': 'public, max-age=31536000, immutable' } }))
  }
}
