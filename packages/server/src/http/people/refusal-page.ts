/** What a person sees whose browser was sent here by an identity provider, and refused: words alone, in a page that loads nothing. */
import type { Problem } from '@exeat/core'
import { problemDocument } from '../problem.ts'

export const wantsPage = (accept: string | undefined): boolean => /(?:^|,)\s*text\/html\b/.test(accept ?? '')

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (each) => escapes[each] ?? '')
const sentence = (text: string): string => escaped(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`)

export function refusalPage(problems: readonly [Problem, ...Problem[]]): Response {
  const { status, code, detail, hint } = problemDocument(problems)
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Not signed in</title>
<h1>Not signed in</h1>
<p>${sentence(detail)}</p>
${hint === undefined ? '' : `<p>${sentence(hint)}</p>\n`}<p><a href="/sign-in">Sign in</a></p>
<p><small>${escaped(code)}</small></p>
`
  return new Response(html, { status, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } })
}
