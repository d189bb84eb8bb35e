/**
 * Every bound of the gateway by name, with its default and why. Configuration may change those that have a key there;
 * a test holds each at the limit and one past it. Units stand last in the names; sizes are bytes.
 */
export const limits = {
  // --- SMTP in (RFC 5321 section 4.5.3 gives the floors)
  smtpMessageSizeMaxBytes: 50 * 1024 * 1024,
  /** RFC 5321 says 1000 octets; real mailers exceed it, so lenient to this and malformed beyond. */
  smtpDataLineMaxBytes: 64 * 1024,
  smtpCommandLineMaxBytes: 4 * 1024,
  smtpHeaderMaxBytes: 1024 * 1024,
  smtpRecipientsMax: 1000,
  smtpConnectionsMax: 1000,
  smtpConnectionsPerClientMax: 100,
  smtpCommandErrorsMax: 10,
  smtpAuthFailuresMax: 3,
  smtpIdleTimeoutMs: 5 * 60_000,
  smtpSessionMaxMs: 60 * 60_000,
  smtpDataTimeoutMs: 10 * 60_000,
  /** Slowest sender tolerated in DATA after a grace period (Postfix uses 500 too). */
  smtpDataRateMinBytesPerSecond: 500,
  smtpHopsMax: 50,
  /** RFC 5321 section 4.5.3.1.2: a domain has at most 255 octets. */
  smtpHeloMaxBytes: 255,
  /** Commands in a row that bring no mail on (NOOP, RSET, VRFY, EHLO …), as Postfix bounds them. */
  smtpJunkCommandsMax: 100,
  /** Wait before a failed AUTH is answered, multiplied by the failures of the session. */
  smtpAuthDelayMs: 1_000,
  /** Failed and undecided AUTHs of one client network (IPv4 /24, IPv6 /64) within the window; beyond it 454. */
  smtpAuthFailuresPerNetworkMax: 30,
  smtpAuthWindowMs: 10 * 60_000,
  /** Client networks whose AUTH failures are remembered; the oldest is forgotten first. */
  smtpAuthNetworksMax: 10_000,
  smtpDataRateGraceMs: 30_000,
  smtpTlsHandshakeTimeoutMs: 30_000,
  smtpCertificatePollMs: 5_000,
  /** Authentic trace headers of this installation: forwarding passes by again legitimately, a loop does so forever. */
  smtpOwnTracesMax: 3,
  /** Trace headers checked per message, from the top; ours are always the topmost. */
  smtpTraceHeadersMax: 50,
  /** How long an `after-decision` client waits before the listener falls back to `after-spool`. */
  smtpDecisionDeadlineMs: 45_000,

  // --- spool
  /** Small messages stay in memory until they are inspected and delivered, which saves reading them back. */
  recentBlobMaxBytes: 256 * 1024,
  recentContentMaxBytes: 32 * 1024 * 1024,
  spoolFreeBytesMin: 512 * 1024 * 1024,
  spoolSubmissionsMax: 100_000,
  blobSegmentMaxBytes: 64 * 1024 * 1024,
  blobChunkBytes: 64 * 1024,
  /** The spool's index holds a few hundred bytes of memory per blob. */
  spoolBlobsMax: 1_000_000,
  /** Appended bytes waiting in memory for the disk, over all connections. */
  blobPendingMaxBytes: 16 * 1024 * 1024,
  blobOpenSegmentsMax: 64,
  /** A segment is compacted when at most this share of it is still needed. */
  blobCompactLiveShareMax: 0.5,
  /** How often a failed spool is tried again, and free space looked at. */
  blobProbeIntervalMs: 1_000,

  // --- state store
  /** Changes that share one transaction and its sync. */
  storeBatchMax: 500,
  /** How long a change that no client waits for may wait for others, so that under load one transaction serves many. */
  storeGroupMs: 10,
  /** Changes that may wait for the disk before more are refused temporarily. */
  storeQueueMax: 10_000,
  /** Records of submissions just created that are kept in memory until they are first read. */
  storeCreatedKeptMax: 256,
  /** One document of the store, unpacked; the limits on findings keep reports far below it. */
  storeRecordMaxBytes: 256 * 1024 * 1024,
  /** Pages (4 KiB) that deleted rows left and new ones will need soon; the rest goes back to the file system. */
  storeFreePagesKept: 2_000,
  /** Pages given back after one batch of deletions. */
  storeVacuumPagesMax: 2_000,
  /** How long a write waits for another process. */
  storeBusyTimeoutMs: 10_000,
  /** Claims are taken on the event loop: rather not taken than waited for. */
  claimsBusyTimeoutMs: 50,

  // --- extraction: one budget for a message and everything nested in it
  extractDepthMax: 16,
  extractPartsMax: 10_000,
  extractInflatedMaxBytes: 500 * 1024 * 1024,
  extractRatioMax: 200,
  /** A large upload may unpack to so many times its size even where that is more than the bound for all. */
  extractInflatedPerByteMax: 20,
  /** Texts and archives that are larger are read as streams, and never held whole. */
  extractStreamFromBytes: 32 * 1024 * 1024,
  /** What is read of a stream at once. */
  extractStreamChunkBytes: 1024 * 1024,
  /** What is decoded of a streamed text at once; a file that stands encoded in it is whole up to half of this. */
  extractStreamPieceBytes: 4 * 1024 * 1024,
  /** A file that can only be read whole, and is no member of another: a mail, a document, a picture. */
  extractWholeMaxBytes: 512 * 1024 * 1024,
  extractTextMaxBytes: 64 * 1024 * 1024,
  /** One text, HTML or XML file as it comes; of a larger one so much of its beginning is read. */
  extractTextInputMaxBytes: 256 * 1024 * 1024,
  extractPixelsMax: 50_000_000,
  extractCpuMs: 20_000,
  extractHeaderMaxBytes: 1024 * 1024,
  extractMimePartsMax: 1_000,
  /** Ways of reading an ambiguous message that are walked. */
  extractMimeReadingsMax: 64,
  /** Ambiguous messages up to this size are read by a second parser as well. */
  extractSecondOpinionMaxBytes: 16 * 1024 * 1024,
  /** Multiparts inside multiparts; real mail stays under ten. */
  extractMimeDepthMax: 64,
  /** Below this much output the ratio is not looked at: a few kilobytes of zeros harm nobody. */
  extractRatioFloorBytes: 16 * 1024 * 1024,
  /** Entries of `uninspected` kept; the last one says that there were more. */
  extractUninspectedMax: 1_000,
  extractLabelsMax: 1_000,
  /** Files found inside one text: uuencode, yEnc, armour, data URIs, base64 of a known format. */
  extractEmbeddedMax: 256,
  /** Bytes of a file of unknown format that are searched for strings. */
  extractCarveMaxBytes: 8 * 1024 * 1024,
  extractNameMaxChars: 255,
  /** Content-defined pieces of one file: all of one of 2 GB, half a megabyte of digests for one of 64 MB. */
  extractChunksMax: 1_000_000,
  /** Pictures of one part that are compared with registered ones; beyond it the part is `too-many`. */
  extractPicturePrintsMax: 256,
  /** Names of an archive's directory looked at to tell what it is. */
  extractSniffNamesMax: 4_096,
  /** Layers of Content-Encoding undone on an upload. */
  extractContentEncodingsMax: 8,
  /** One member of an archive, or one stream of a document, once inflated: it sits in memory whole. */
  extractEntryMaxBytes: 128 * 1024 * 1024,
  /** Entries of one archive's directory that are looked at. */
  extractArchiveEntriesMax: 20_000,
  /** All folders of a disk image together: as many of them as entries are looked at, one sector each, in two trees. */
  extractIsoFoldersMaxBytes: 80 * 1024 * 1024,
  /** Office nests some sixty deep; beyond this the reader's stack is what is being attacked. */
  extractXmlDepthMax: 512,
  extractXmlNodesMax: 20_000_000,
  /** Entities that one XML document declares, how deep they hold one another, and all that its references come to. */
  extractXmlEntitiesMax: 10_000,
  extractXmlEntityDepthMax: 16,
  extractXmlEntityMaxChars: 4 * 1024 * 1024,
  extractCellsMax: 5_000_000,
  /** Empty cells kept as TABs, so that a value stays under its header. */
  extractCellGapMax: 64,
  extractPdfPagesMax: 5_000,
  /** Objects of a file, those of earlier revisions and of object streams included. */
  extractPdfObjectsMax: 1_000_000,
  /** Bytes that the streams of one file may come to, pictures and attachments left out, while all its objects are read. */
  extractPdfCheckMaxBytes: 256 * 1024 * 1024,
  /** Bytes of no known kind behind a file that can't hide one: read for strings and told as a trait alone. */
  extractTrailingNoiseMaxBytes: 512,
  /** The same where a file was filled up to whole sectors. */
  extractTrailingPaddingMaxBytes: 16 * 1024,
  /** Files and pictures in one OneNote section. */
  extractOneNoteFilesMax: 1_000,
  /** Pictures of one PDF page, strips of one picture counted apart. */
  extractPagePicturesMax: 1_000,
  /** One PDF page. */
  extractPdfPageMs: 5_000,
  /** Records (BIFF, PowerPoint, MAPI, RTF groups …) read in one stream. */
  extractRecordsMax: 5_000_000,
  extractOleEntriesMax: 20_000,
  /** Storages inside storages of one compound file. */
  extractOleDepthMax: 32,
  /** Smaller pictures (logos, bullets, lines) can't hold a legible line of text worth the warning. */
  extractPictureSideMinPixels: 48,
  extractPictureAreaMinPixels: 40_000,
  /** A document's picture of its own first page; larger ones are looked at like any picture. */
  extractThumbnailSideMaxPixels: 800,
  /** What services note about a document for themselves in a package; larger parts are parts like any other. */
  extractServiceNotesMaxBytes: 64 * 1024,
  /** Times an archive is tried with a password. */
  extractPasswordsMax: 32,
  /** Entries of a zip file up to this size are inflated several in one call, up to so many bytes in and out. */
  extractZipBatchEntryMaxBytes: 64 * 1024,
  extractZipBatchMaxBytes: 256 * 1024,
  /** RAR writes 256 KiB at most. */
  extractRarCommentMaxBytes: 1024 * 1024,
  /** Words of the message itself that are tried as passwords. */
  extractPasswordWordsMax: 8,
  extractPasswordTextMaxBytes: 64 * 1024,
  /** Smaller pictures (spacers, bullets, tracking pixels) hold no word worth looking for. */
  ocrSideMinPixels: 14,
  ocrAreaMinPixels: 2_500,
  /** Pixels of one picture that text is recognised in; larger ones are shrunk to it (A4 at 300 dpi has 8.7 million). */
  ocrPixelsMax: 9_000_000,
  /** Pixels of a picture that bar codes are looked for in; larger ones are shrunk to it. */
  ocrBarCodePixelsMax: 4_000_000,
  /** One picture, all ways of reading it together. */
  ocrPictureMs: 8_000,
  /** All pictures of a message; the rest of its time is for everything else in it. */
  ocrMessageMs: 12_000,
  /** Pictures of one message that are looked at for text, pages of scanned documents among them. */
  ocrPicturesMax: 100,
  /** Pages of a TIFF and frames of a GIF that are looked at. */
  ocrFramesMax: 16,
  /** Memory of the recogniser, for one scan worker. */
  ocrMemoryMaxBytes: 384 * 1024 * 1024,
  /** A recogniser that needed more for a picture is made anew, since its memory does not shrink. */
  ocrMemoryKeptMaxBytes: 128 * 1024 * 1024,
  /** Traineddata files of one installation. */
  ocrLanguagesMax: 8,
  /** A larger message or upload is not read at all. */
  scanSizeMaxBytes: 2 * 1024 * 1024 * 1024,
  /** Counted from when a worker takes the message. */
  scanDeadlineMs: 30_000,
  /** Extraction and scan of what is streamed have a second more for each of so many bytes of it. */
  scanRateMinBytesPerSecond: 512 * 1024,
  /** A worker that has not compiled its detectors by then never will. */
  scanWorkerStartMaxMs: 120_000,
  /** Small messages given to one scan worker at once, that which it works on included, so that it need not wait for us. */
  scanAheadMax: 4,
  scanAheadMaxBytes: 64 * 1024,
  /** Messages that wait for a scan worker; they hold no content meanwhile. */
  scanWaitingMax: 10_000,
  scanWorkerMemoryMaxBytes: 1024 * 1024 * 1024,

  // --- the sandbox that reads hostile formats
  /** Memory of one sandbox: JavaScript heap, Buffers and WebAssembly together. */
  sandboxMemoryMaxBytes: 1024 * 1024 * 1024,
  /** A sandbox that ever needed more is replaced, since a heap that has grown seldom shrinks. */
  sandboxMemoryKeptMaxBytes: 512 * 1024 * 1024,
  /** Parts that one sandbox reads before it is replaced. */
  sandboxPartsMax: 2_000,
  /** CPU time after which a sandbox is replaced; the system ends it at twice that, whatever happens to its parent. */
  sandboxCpuMs: 300_000,
  sandboxOpenFilesMax: 64,
  /** Threads included. */
  sandboxProcessesMax: 64,
  /** A sandbox that has not begun by then won't. */
  sandboxStartMaxMs: 20_000,
  /** Tries in a row until the message is put off. */
  sandboxStartAttemptsMax: 3,
  /** Share of the time left that one part may take while others of its message wait. */
  sandboxPartTimeShare: 0.75,
  /** On top of it, before the sandbox is killed: parsers that look at the clock themselves keep what they read. */
  sandboxGraceShare: 0.05,
  /** At least, since a busy machine makes everybody late. */
  sandboxGraceMinMs: 500,
  /** Sandboxes that one message may end; what is left of it then is not read. */
  sandboxFailuresMax: 8,
  /** One part, as it is handed to a sandbox. */
  sandboxRequestMaxBytes: 2 ** 31,
  /** What a sandbox says in answer to one part, its texts, and all it says of where it is, together. */
  sandboxAnswerMaxBytes: 256 * 1024 * 1024,
  /** What a sandbox says about parts besides their texts. */
  sandboxHeaderMaxBytes: 32 * 1024 * 1024,
  /** Tail of a dying sandbox’s last words that is looked at for the cause; it is shown to nobody. */
  sandboxLastWordsMaxBytes: 4 * 1024,

  // --- detection
  /** Matches of one rule in one text; a table of customers has thousands. Beyond it the text is `too-many`. */
  detectMatchesPerRuleMax: 20_000,
  /** Raw pattern hits looked at for one rule in one text before validators; beyond it the text is `too-many`. */
  detectCandidatesPerRuleMax: 20_000,
  /** Large texts may have more candidates: one in so many bytes (a table with an id in every short row). */
  detectBytesPerCandidateMin: 16,
  /** Silenced matches that one text keeps for `--explain`. */
  detectNearMissesMax: 200,
  /** Matches that lack one thing of which `--explain` picks those; past it, what stands further back in a text is left out. */
  detectMissesSeenMax: 10_000,
  /** Places of one text that views look at (escapes, encoded runs); a text full of them is `too-many`. */
  detectPlacesMax: 500_000,
  /** Longest single match looked for; a longer one is cut short or missed (an RSA-8192 key in PEM has 6.4 KB). */
  detectMatchMaxBytes: 8_192,
  /** Automaton steps that a text may cost; ordinary text takes about one per byte, hostile text could take 8,192. */
  detectStepsPerByteMax: 256,
  detectStepsMin: 1_000_000,
  /** Automaton transitions built for one text (some 3 µs each); ordinary text needs a few hundred once warm. */
  detectAutomatonBuildsMax: 1_000_000,
  /** Registered documents looked at for all shingles of one text; beyond it the text is `too-many`. */
  detectPostingsMax: 5_000_000,
  /** Rows of a registered table that values of one text may lead to; beyond it the text is `too-many`. */
  detectRowsMax: 500_000,
  detectViewDepthMax: 4,
  detectViewBytesMax: 16 * 1024 * 1024,
  /** What one pattern of a rule may cost each byte of ordinary text; shipped ones take 2 at most. */
  rulePatternStepsPerByteMax: 4,
  /** Terms of all word lists of one file; all files together are bounded by their sizes. */
  wordListTermsMax: 200_000,
  wordListTermMaxWords: 16,
  wordListFileMaxBytes: 16 * 1024 * 1024,
  wordListFilesMax: 200,
  /** Bytes between two words of a term: punctuation and a line's end, not a paragraph. */
  wordListGapMaxBytes: 16,
  /** Stems remembered while texts are scanned; then they are worked out anew. */
  wordStemsKeptMax: 200_000,
  /** Different words of one text that are reduced to stems (some 8 µs each); beyond it the text is `too-many`. */
  wordStemsPerTextMax: 150_000,
  /** Places of one text that combinations look at; beyond it the text is `too-many`. */
  detectCombinationPlacesMax: 20_000,
  findingMatchesKeptMax: 100,
  findingKeysKeptMax: 1_000,
  /** Distinct values of one finding that are told apart; `unique` says no more. Counts go on. */
  findingValuesMax: 100_000,
  /** What is looked at of a streamed text at once, apart from the text before and behind it. */
  detectWindowBytes: 1024 * 1024,
  /** Text before and behind a window: the longest match, and evidence at 2,000 characters of four bytes. */
  detectWindowContextBytes: 32 * 1024,
  excerptContextChars: 24,

  // --- policy
  policyRulesMax: 5_000,
  policyNestingMax: 16,
  /** One policy file; a person writes them, so anything larger is a mistake. */
  policyFileMaxBytes: 1024 * 1024,
  policyFilesMax: 500,
  /** Depth of a policy file's YAML before it is looked at. */
  policyYamlDepthMax: 100,

  // --- delivery (RFC 5321 section 4.5.4.1: retry for at least 4 to 5 days)
  deliveryConnectionsPerHopMax: 20,
  deliveryConnectTimeoutMs: 30_000,
  deliveryCommandTimeoutMs: 5 * 60_000,
  deliveryDataTimeoutMs: 10 * 60_000,
  deliveryExpireMs: 5 * 24 * 3_600_000,
  deliveryDelayNoticeMs: 4 * 3_600_000,
  deliveryReplyKeptMaxChars: 512,
  deliveryRetryFirstMs: 60_000,
  deliveryRetryMaxMs: 4 * 3_600_000,
  /** All of one delivery job, waiting and every host of a route included: a slow hop holds no place for ever. */
  deliveryJobMaxMs: 30 * 60_000,
  deliveryPoolIdleMs: 30_000,
  deliveryMessagesPerConnectionMax: 100,
  /** Jobs waiting for a connection to one next hop; beyond it they are deferred. */
  deliveryWaitersPerHopMax: 1_000,
  /** RFC 5321 section 4.5.3.1.8: every server takes 100 recipients. */
  deliveryRecipientsPerTransactionMax: 100,
  deliveryReplyMaxBytes: 16 * 1024,
  deliveryReplyLinesMax: 100,
  deliveryQuitTimeoutMs: 2_000,
  /** A next hop that could not be reached is tried after its siblings for this long. */
  deliveryHopPauseMs: 30_000,
  /** Modified or encrypted messages are held in memory once while they are looked through. */
  protectMessageMaxBytes: 64 * 1024 * 1024,
  keyDirectoryFilesMax: 10_000,
  keyFileMaxBytes: 1024 * 1024,
  /** How often a look-up looks for changed key files. */
  keyDirectoryCheckMs: 2_000,
  templateFilesMax: 100,
  templateFileMaxBytes: 64 * 1024,
  bounceHeaderMaxBytes: 64 * 1024,
  bounceFullMaxBytes: 1024 * 1024,

  // --- HTTP API
  /** One document that is uploaded to be registered: it sits in memory while it is read. */
  apiUploadMaxBytes: 128 * 1024 * 1024,
  /** Uploads at once; more are asked to come again. */
  apiUploadsMax: 4,
  /** A whole request, body included. */
  apiRequestMaxMs: 10 * 60_000,
  apiCollectionNameMaxBytes: 200,
  apiDocumentNameMaxBytes: 1_000,
  apiPartnersMax: 100,
  /** Documents of one page. */
  apiPageMax: 1_000,

  // --- command line
  /** A line of a list of files; Linux takes 4,096 bytes of a path. */
  fileListLineMaxBytes: 64 * 1024,

  // --- pipeline
  inspectAttemptsMax: 5,
  inspectRetryFirstMs: 5_000,
  /** Processes that may be lost while they have one submission in hand; then it is held instead of tried again. */
  inspectOwnersLostMax: 3,
  sweepIntervalMs: 5_000,
  sweepBatchMax: 1_000,
  activeSubmissionsMax: 64,
  /** Renewed while work goes on; after a crash the work is free again this much later at the latest. */
  claimTtlMs: 30_000,
  quarantineRetentionMs: 30 * 24 * 3_600_000,
  recordRetentionMs: 90 * 24 * 3_600_000,
  auditRetentionMs: 1_095 * 24 * 3_600_000,
  /** Audit entries removed in one transaction; one new entry tells of each. */
  auditTrimBatchMax: 10_000,
  drainTimeoutMs: 30_000,
  /** A health check that takes longer counts as failed; the first scan after a start may take some seconds. */
  healthCheckTimeoutMs: 15_000,
  /** Not ready for longer than this, the listeners stop listening instead of answering 4xx. */
  notReadyPatienceMs: 30_000,
} as const
