export { type GovernanceOptions, governanceSource, longestSilence } from './source.ts'
