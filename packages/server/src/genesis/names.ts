/** Names that founders and logs may have: they become key names, file names and lines of signed notes. */
import { serverError } from '../config/codes.ts'

/** @throws {ExeatError} ORIGIN_INVALID */
export function checkOrigin(origin: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9.:_~/-]{0,199}$/.test(origin) && !origin.includes('//') && !origin.endsWith('/')) return
  throw serverError('ORIGIN_INVALID', `\`${origin}\` is no origin: it is a URL without scheme, query and trailing slash, at most 200 characters`, 'write it like `log.acme.example/exeat`')
}

/** @throws {ExeatError} FOUNDER_INVALID */
export function checkFounders(names: readonly string[]): void {
  const [first] = names
  if (first === undefined) throw serverError('FOUNDER_INVALID', 'nobody founds the log', 'name two people: --founder alice --founder bob')
  if (names.length > 32) throw serverError('FOUNDER_INVALID', `${names.length} founders are more than the 32 that a delegation can name`)
  const wrong = names.find((name) => !/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/.test(name))
  if (wrong !== undefined) throw serverError('FOUNDER_INVALID', `\`${wrong}\` cannot name a key`, 'use letters, digits, `.`, `_`, `@` and `-`, at most 100')
  // File systems that fold case would write one key over the other.
  const folded = names.map((name) => name.toLowerCase())
  const twice = names.find((_, i) => folded.indexOf(folded[i] ?? '') !== i)
  if (twice !== undefined) throw serverError('FOUNDER_INVALID', `the founder \`${twice}\` is named twice`)
}

/**
 * The relying party and origin of passkeys, from the address at which people sign in (WebAuthn Level 3, §5.1.2: no IP address is a relying party).
 * @throws {ExeatError} URL_INVALID
 */
export function relyingPartyOf(url: string): { readonly id: string; readonly origin: string } {
  const parsed = URL.parse(url)
  const wrong = (because: string): Error => serverError('URL_INVALID', `\`${url}\` is no address to sign in at: ${because}`, 'write https://exeat.acme.example, or http://localhost:PORT to try it')
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) throw wrong('it is no http URL')
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '' || parsed.username !== '') throw wrong('it has more than a host and a port')
  const { protocol, hostname, origin } = parsed
  if (protocol === 'http:' && hostname !== 'localhost') throw wrong('passkeys are made over https alone, or at localhost')
  if (/^[\d.]+$|^\[/.test(hostname)) throw wrong('passkeys are made for a name, not for an address')
  return { id: hostname, origin }
}
