/** What a person sees whose browser was sent here by an identity provider, and refused: words alone, in a page that loads nothing. */
import { type Problem, utf8 } from '@exeat/core'
import { sha256 } from '../../store/ed25519.ts'
import { problemDocument } from '../problem.ts'

export const wantsPage = (accept: string | undefined): boolean => /(?:^|,)\s*text\/html\b/.test(accept ?? '')

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (each) => escapes[each] ?? '')
/** What stands between backticks is code; all of it is text before it is that. */
const sentence = (text: string): string => escaped(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`).replaceAll(/`([^`]*)`/g, '<code>$1</code>')

/** As the console looks, without its files. The page's policy names this text by its digest, and takes no other. */
const style = `:root{color-scheme:light dark;font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f6f7f9,#10151c);color:light-dark(#16202c,#e6ebf2)}
main{max-width:28rem;margin:1rem;padding:1.5rem;background:light-dark(#fff,#18202b);border:1px solid light-dark(#d5dce4,#2c3846);border-radius:.6rem;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 1rem}p{margin:0 0 .8rem}a{color:light-dark(#1f4e86,#8fbcf2)}small{color:light-dark(#51606f,#a3b0c0)}`
export const refusalPolicy = `default-src 'none'; style-src 'sha256-${Buffer.from(sha256(utf8(style))).toString('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`

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
<style>${style}</style>
<main>
<h1>${title}</h1>
<p>${sentence(detail)}</p>
${hint === undefined ? '' : `<p>${sentence(hint)}</p>\n`}${act ? '<p>Nothing was signed. Go back to what you wanted to sign, and try again.</p>\n<p><a href="/">All opt-outs</a></p>' : '<p><a href="/sign-in">Sign in</a></p>'}
<p><small>${escaped(code)}</small></p>
</main>
`
  return new Response(html, { status, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } })
}
