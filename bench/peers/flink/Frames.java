import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource.NumberSequenceSplit;
import org.apache.flink.api.connector.source.lib.util.IteratorSourceReaderBase;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.util.NumberSequenceIterator;

/**
 * The records of a file of frames (a length in four bytes, and so many bytes), gone through over and over from memory. Positions are
 * those of a sequence of numbers, which is Flink's own: they are in its checkpoints, and each subtask has a part of the sequence.
 */
class Frames implements Source<byte[], NumberSequenceSplit, Collection<NumberSequenceSplit>> {
    /** Read once for all subtasks. */
    private static byte[] bytes;
    private static int[] starts;

    private final NumberSequenceSource numbers = new NumberSequenceSource(0, Long.MAX_VALUE / 4);

    static void read(String file) throws IOException {
        bytes = Files.readAllBytes(Path.of(file));
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        starts = new int[bytes.length / 4];
        int count = 0;
        for (int at = 0; at < bytes.length; at += 4 + buffer.getInt(at)) starts[count++] = at + 4;
        starts = Arrays.copyOf(starts, count + 1);
        starts[count] = bytes.length + 4;
    }

    private static byte[] record(long index) {
        int i = (int) (index % (starts.length - 1));
        return Arrays.copyOfRange(bytes, starts[i], starts[i + 1] - 4);
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<byte[], NumberSequenceSplit> createReader(SourceReaderContext context) {
        return new IteratorSourceReaderBase<Long, byte[], NumberSequenceIterator, NumberSequenceSplit>(context) {
            @Override
            protected byte[] convert(Long index) {
                return record(index);
            }
        };
    }

    @Override
    public SplitEnumerator<NumberSequenceSplit, Collection<NumberSequenceSplit>> createEnumerator(
            SplitEnumeratorContext<NumberSequenceSplit> context) {
        return numbers.createEnumerator(context);
    }

    @Override
    public SplitEnumerator<NumberSequenceSplit, Collection<NumberSequenceSplit>> restoreEnumerator(
            SplitEnumeratorContext<NumberSequenceSplit> context, Collection<NumberSequenceSplit> checkpoint) {
        return numbers.restoreEnumerator(context, checkpoint);
    }

    @Override
    public SimpleVersionedSerializer<NumberSequenceSplit> getSplitSerializer() {
        return numbers.getSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<Collection<NumberSequenceSplit>> getEnumeratorCheckpointSerializer() {
        return numbers.getEnumeratorCheckpointSerializer();
    }
}
