/** What people signed, and whose keys count: checked from the log alone. */
export { checkEnrolment, enrolmentOf, type EnrolmentPins, enrolmentPins, verifyEnrolments } from './enrolments.ts'
export { type EvidenceContext, type EvidenceDeps, providerTolerance, tapLife, type VerifiedEvidence } from './types.ts'
export { verifyEvidence } from './verify.ts'
