import { gitleaksForm } from './gitleaks/index.ts'
import { opaForm } from './opa/index.ts'
import { openVexForm } from './openvex/index.ts'
import { osvScannerForm } from './osv_scanner/index.ts'
import { sarifForm } from './sarif/index.ts'
import { trivyForm } from './trivy/index.ts'
import type { NativeForm } from './types.ts'

export const nativeForms: readonly NativeForm[] = [gitleaksForm, opaForm, openVexForm, osvScannerForm, sarifForm, trivyForm]
