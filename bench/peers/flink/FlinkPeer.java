import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * A job that has no end in a MiniCluster in this JVM, with an exactly-once checkpoint every second: warm first, then measured. Prints
 * records a second, ns of processor time of the whole process for each record, and the checkpoints that were completed meanwhile.
 *
 * Arguments: job (market-spread, keyed-sum), state (hashmap, rocksdb), parallelism, file of frames, folder for checkpoints, records
 * and ms until it is warm, ms after which it counts as warm whatever its records, ms to measure.
 */
public class FlinkPeer {
    public static void main(String[] args) throws Exception {
        Frames.read(args[3]);
        StreamExecutionEnvironment environment = environment(args[1], Integer.parseInt(args[2]), new File(args[4]));
        DataStream<byte[]> records = environment.fromSource(
            new Frames(), WatermarkStrategy.noWatermarks(), "frames", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
        outputs(args[0], records).sinkTo(new DiscardingSink<>());
        JobClient job = environment.executeAsync(args[0]);
        job.getJobExecutionResult().whenComplete((result, error) -> {
            if (error != null) error.printStackTrace();
            Runtime.getRuntime().halt(1);
        });
        long warmRecords = Long.parseLong(args[5]);
        long begun = System.nanoTime();
        long warmAt = begun + Long.parseLong(args[6]) * 1_000_000;
        long warmAnyway = begun + Long.parseLong(args[7]) * 1_000_000;
        while (System.nanoTime() < warmAt || Measured.handled() < warmRecords && System.nanoTime() < warmAnyway)
            Thread.sleep(10);
        measure(Long.parseLong(args[8]));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static StreamExecutionEnvironment environment(String state, int parallelism, File folder) {
        Configuration settings = new Configuration();
        settings.set(StateBackendOptions.STATE_BACKEND, state);
        settings.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, folder.toURI().toString());
        settings.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
        settings.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
        settings.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
        settings.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(512));
        settings.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        return StreamExecutionEnvironment.createLocalEnvironment(parallelism, settings);
    }

    private static DataStream<byte[]> outputs(String job, DataStream<byte[]> records) {
        if (job.equals("market-spread"))
            return records.keyBy(new MarketSpread.SymbolOf(), Types.STRING)
                .process(new MarketSpread())
                .returns(PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
        return records.map(KeyedSum::decode)
            .returns(Types.TUPLE(Types.STRING, Types.INT))
            .keyBy(amount -> amount.f0, Types.STRING)
            .process(new KeyedSum())
            .returns(PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
    }

    private static void measure(long ms) throws InterruptedException {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        int checkpoints = Measured.CHECKPOINTS.get();
        long handled = Measured.handled();
        long cpuNs = system.getProcessCpuTime();
        long begun = System.nanoTime();
        Thread.sleep(ms);
        double seconds = (System.nanoTime() - begun) / 1e9;
        double records = Measured.handled() - handled;
        double cpu = system.getProcessCpuTime() - cpuNs;
        System.out.println(records / seconds + " " + cpu / records + " " + (Measured.CHECKPOINTS.get() - checkpoints));
    }
}
