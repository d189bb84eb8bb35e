/** Entry that the build runs last: writes down beside it what the packaged rules say. */
import { packagedRules } from './installation.ts'
import { readYamlFiles } from './policy-files.ts'
import { prepareRules } from './prepared-rules.ts'

await prepareRules(await readYamlFiles([packagedRules]))
