/** What a person sees whose browser was sent here by an identity provider, and refused: words alone, in a page that loads nothing. */
import type { Problem } from '@exeat/core'
import { problemDocument } from '../problem.ts'

export const wantsPage = (accept: string | undefined): boolean => /(?:^|,)\s*text\/html\b/.test(accept ?? '')

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (each) => escapes[each] ?? '')
const sentence = (text: string): string => escaped(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`)

export function refusalPage(problems: readonly [Problem, ...Problem[]]): Response {
  const { status, code, detail, hint } = problemDocument(problems)
  // Who was to confirm an act is signed in as before, and only the act is not done.
  const act = code.startsWith('TAP_')
  const title = act ? 'Not confirmed' : 'Not signed in'
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<h1>${title}</h1>
<p>${sentence(detail)}</p>
${hint === undefined ? '' : `<p>${sentence(hint)}</p>\n`}${act ? '<p>Nothing was signed. Go back to what you wanted to sign, and try again.</p>\n<p><a href="/">All opt-outs</a></p>' : '<p><a href="/sign-in">Sign in</a></p>'}
<p><small>${escaped(code)}</small></p>
`
  return new Response(html, { status, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } })
}
