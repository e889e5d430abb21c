/** Who has signed in, asked once a page. */
import { signInSchema, type People } from '@exeat/core/wire'
import { get, useToken } from './api.ts'

export type SignedIn = People['signInSchema']
export type Session = People['sessionSchema']

export async function whoIsThere(): Promise<SignedIn> {
  const signedIn = await get('/v1/sign-in', signInSchema)
  useToken(signedIn.session?.csrf)
  return signedIn
}

/** Only a page of this server is returned to. */
export function returnPath(search: string): string {
  const wanted = new URLSearchParams(search).get('return') ?? '/'
  return /^\/(?![/\\])[\w\-./?=&%:#]*$/.test(wanted) ? wanted : '/'
}

export const signInPath = (): string => `/sign-in?return=${encodeURIComponent(`${location.pathname}${location.search}`)}`
