import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;

/** A handler whose records are counted, and its checkpoints. Each subtask has a counter that it alone writes to. */
abstract class Measured<I> extends KeyedProcessFunction<String, I, byte[]> implements CheckpointListener {
    private static final int LINE = 16;
    private static final AtomicLongArray COUNTS = new AtomicLongArray(64 * LINE);
    static final AtomicInteger CHECKPOINTS = new AtomicInteger();

    private transient int place;
    private transient long count;

    static long handled() {
        long sum = 0;
        for (int i = 0; i < COUNTS.length(); i += LINE) sum += COUNTS.get(i);
        return sum;
    }

    @Override
    public void open(OpenContext context) throws Exception {
        place = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() * LINE;
    }

    protected final void handledOne() {
        COUNTS.lazySet(place, ++count);
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) {
        if (place == 0) CHECKPOINTS.incrementAndGet();
    }
}
