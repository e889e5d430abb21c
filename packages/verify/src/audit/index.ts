/** What somebody who reads the whole log checks: bundles against it, and the acts of people in it. */
export { auditBundle, type AuditFinding } from './audit.ts'
export { checkContent, documentsNamed, documentText, type NamedDocument } from './content.ts'
export { type FoldedOptOut, foldOptOut } from './fold.ts'
export { readEntry } from '../entry/read.ts'
export { evidenceAuditor, type EvidenceAuditor, isGround } from './evidence.ts'
export type { ActState, AuditedAct, AuditedDocument, AuditFault, AuditPins, DocumentReader, EvidenceAudit, Governed, ShownEvidence, Sought, SoughtBody } from './evidence-types.ts'
