// A plain TUF client that nobody of this project wrote: does it take a target from a repository?
// node tuf_client.js METADATA_DIR METADATA_URL TARGETS_URL TARGET [TARGET_DIR]: without a folder it only looks it up
const { Updater } = require('tuf-js');

const [metadataDir, metadataBaseUrl, targetBaseUrl, target, targetDir] = process.argv.slice(2);

async function take() {
  const config = { fetchRetry: false, fetchRetries: 0 };
  const updater = new Updater({ metadataDir, metadataBaseUrl, targetDir, targetBaseUrl, config });
  await updater.refresh();
  const info = await updater.getTargetInfo(target);
  if (info === undefined) throw new Error(`${target} is signed by nobody`);
  if (targetDir !== undefined) await updater.downloadTarget(info);
}

take().catch((error) => {
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = 1;
});
