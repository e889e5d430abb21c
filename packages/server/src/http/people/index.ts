/** Every route about people. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { UseCases } from '../../use/types.ts'
import type { App } from '../parts.ts'
import { addApiKeys, apiKeyRoutes } from './api-keys.ts'
import { addChallenges, challengeRoutes } from './challenges.ts'
import { addDevices, deviceRoutes } from './device.ts'
import { addEnrolments, enrolmentRoutes } from './enrolments.ts'
import { addOidc, oidcRoutes } from './oidc.ts'
import { addOwnPasskeys, ownPasskeyRoutes } from './own-passkeys.ts'
import type { People } from './services.ts'
import { addSignIn, signInRoutes } from './sign-in.ts'
import { addTotp, totpRoutes } from './totp.ts'

export type { People } from './services.ts'

export const peopleRoutes: readonly RouteConfig[] = [...signInRoutes, ...challengeRoutes, ...enrolmentRoutes, ...ownPasskeyRoutes, ...deviceRoutes, ...totpRoutes, ...apiKeyRoutes, ...oidcRoutes]

export function addPeople(app: App, people: People, uses: UseCases): void {
  addSignIn(app, people)
  addChallenges(app, people)
  addEnrolments(app, people, uses)
  addOwnPasskeys(app, people, uses)
  addDevices(app, people, uses)
  addTotp(app, people, uses)
  addApiKeys(app, people)
  addOidc(app, people)
}
