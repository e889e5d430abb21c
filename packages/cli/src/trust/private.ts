import { isIP } from 'node:net'

/** Encrypted, or to this very machine. */
export function isPrivate({ protocol, hostname }: URL): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return protocol === 'https:' || host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
