import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.util.Collector;

/** A sum per key, as the scenario keyed-sum does it: a record is a key and an amount, in four bytes each. */
class KeyedSum extends Measured<Tuple2<String, Integer>> {
    public static class Sum {
        public long sum;
        public long count;
    }

    private transient ValueState<Sum> sums;

    static Tuple2<String, Integer> decode(byte[] record) {
        ByteBuffer buffer = ByteBuffer.wrap(record);
        return Tuple2.of("k" + Integer.toUnsignedString(buffer.getInt(0)), buffer.getInt(4));
    }

    @Override
    public void open(OpenContext context) throws Exception {
        super.open(context);
        sums = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Sum.class));
    }

    @Override
    public void processElement(Tuple2<String, Integer> amount, Context context, Collector<byte[]> out) throws Exception {
        Sum sum = sums.value();
        if (sum == null) sum = new Sum();
        sum.sum += amount.f1;
        sum.count += 1;
        sums.update(sum);
        if (sum.count % 1000 == 0) out.collect((amount.f0 + " " + sum.sum).getBytes(StandardCharsets.UTF_8));
        handledOne();
    }
}
