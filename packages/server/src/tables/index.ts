/** Every code of this package, and nothing that loads the server. */
export { storeCodes } from '../codes.ts'
export { type ServerCode, serverCodes } from '../config/codes.ts'
export { identityCodes } from '../identity/codes.ts'
export { forgeCodes } from '../forge/codes.ts'
export { useCodes } from '../use/codes.ts'
